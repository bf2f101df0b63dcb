// The ringing, made by the page: no file, no delay. It rings as telephones do in
// Italy, one second in five, a little softer.

import { sounds } from "./microphone";
import { settings } from "./settings";

let ringing: ReturnType<typeof setInterval> | undefined;

// tone sounds one chord for some seconds.
function tone(frequencies: number[], seconds: number, volume: number, then?: () => void) {
  const context = sounds();
  const gain = context.createGain();
  const from = context.currentTime;
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(volume / (3 * frequencies.length), from + 0.04);
  gain.gain.setValueAtTime(volume / (3 * frequencies.length), from + seconds - 0.08);
  gain.gain.linearRampToValueAtTime(0, from + seconds);
  gain.connect(context.destination);
  for (const frequency of frequencies) {
    const one = context.createOscillator();
    one.frequency.value = frequency;
    one.connect(gain);
    if (then) one.onended = then;
    one.start(from);
    one.stop(from + seconds);
  }
}

const chime = () => {
  tone([523, 659], 0.45, settings.value.volume);
  setTimeout(() => ringing && tone([659, 784], 0.55, settings.value.volume), 450);
};

export function ring() {
  stopRinging();
  ringing = setInterval(chime, 5000);
  chime();
}

export function stopRinging() {
  clearInterval(ringing);
  ringing = undefined;
}

// tryRing sounds once, so that the volume can be chosen.
export function tryRing() {
  tone([523, 659], 0.45, settings.value.volume);
}

// signalTone tells that a call is answered now, by the page itself. Of its end and a
// timer the first counts: a page out of sight has slow timers, one that nobody has
// clicked no sound.
export function signalTone(then: () => void) {
  tone([880], 0.25, Math.max(0.2, settings.value.volume), then);
  setTimeout(then, 300);
}
