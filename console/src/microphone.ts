// The microphone: asked for at the sign-in and kept open, so that a call is
// answered at once and its level is seen before.

import { computed, effect, signal } from "@preact/signals";
import { choose, settings } from "./settings";

export type Microphone = "off" | "asking" | "open" | "refused" | "missing" | "insecure" | "lost";

export const microphone = signal<Microphone>("off");
export const stream = signal<MediaStream | null>(null);
export const muted = signal(false);
export const level = signal(0); // 0 to 1
export const troubled = computed(() => ["refused", "missing", "insecure", "lost"].includes(microphone.value));
export const devices = signal<MediaDeviceInfo[]>([]);

effect(() => stream.value?.getAudioTracks().forEach(track => (track.enabled = !muted.value)));

let context: AudioContext | null = null;

// sounds gives the page's one audio context. Browsers let it sound once somebody
// has clicked, or while the microphone is open.
export function sounds(): AudioContext {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
  return context;
}

// openMicrophone asks for it, if it isn't open, and tells whether it is.
export async function openMicrophone(): Promise<boolean> {
  if (microphone.value === "open") return true;
  if (!window.isSecureContext || !navigator.mediaDevices) {
    microphone.value = "insecure";
    return false;
  }
  const before = microphone.value;
  microphone.value = before === "lost" ? "lost" : "asking";
  try {
    keep(await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(settings.value.microphone ? { deviceId: { ideal: settings.value.microphone } } : {}) },
    }));
  } catch (fault) {
    const name = (fault as DOMException).name;
    microphone.value = before === "lost" ? "lost" : name === "NotAllowedError" || name === "SecurityError" ? "refused" : "missing";
    return false;
  }
  microphone.value = "open";
  devices.value = (await navigator.mediaDevices.enumerateDevices()).filter(one => one.deviceId);
  return true;
}

function keep(got: MediaStream) {
  stream.value?.getTracks().forEach(track => track.stop());
  stream.value = got;
  got.getAudioTracks()[0]?.addEventListener("ended", () => {
    if (stream.value !== got) return;
    microphone.value = "lost"; // the headset came off
    void openMicrophone();
  });
  measure(got);
}

// change takes another microphone.
export async function change(device: string) {
  choose({ microphone: device });
  if (microphone.value !== "open") return;
  microphone.value = "lost";
  await openMicrophone();
}

export function closeMicrophone() {
  stream.value?.getTracks().forEach(track => track.stop());
  stream.value = null;
  microphone.value = "off";
  muted.value = false;
}

navigator.mediaDevices?.addEventListener("devicechange", () => {
  if (["lost", "missing"].includes(microphone.value)) void openMicrophone();
});

// Whoever allows the microphone after all need not press anything else.
void navigator.permissions?.query({ name: "microphone" as PermissionName }).then(permission => {
  permission.onchange = () => permission.state === "granted" && microphone.value === "refused" && void openMicrophone();
}, () => {});

let meter: ReturnType<typeof setInterval> | undefined;

// measure shows how loud the microphone is, some times a second.
function measure(sound: MediaStream) {
  clearInterval(meter);
  const analyser = sounds().createAnalyser();
  analyser.fftSize = 1024;
  sounds().createMediaStreamSource(sound).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  meter = setInterval(() => {
    if (stream.value !== sound) return clearInterval(meter);
    if (document.hidden) return;
    analyser.getFloatTimeDomainData(samples);
    const loud = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
    level.value = loud < 0.001 ? 0 : Math.min(1, Math.max(0, (20 * Math.log10(loud) + 60) / 50)); // -60 to -10 dB
  }, 150);
}
