// The agent's line: keeps the telephone registered, and the call that is on it.

import { computed, effect, signal, untracked } from "@preact/signals";
import { Problem } from "./api";
import { closeMicrophone, microphone, muted, openMicrophone, stream } from "./microphone";
import { Call, Phone } from "./phone";
import { ring, signalTone, stopRinging } from "./ring";
import { settings } from "./settings";
import { agent, alarm, explain, now, serving, session, takePhone, talking } from "./state";
import { text } from "./text";
import { held } from "./together";

export type Line = "off" | "connecting" | "registered" | "lost" | "elsewhere" | "desk";

export const line = signal<Line>("off");
export const call = signal<Call | null>(null);
export const phase = signal<"none" | "rings" | "answers" | "up">("none");
// deaf tells that no sound has come in for a while.
export const deaf = signal(false);

let phone: Phone | null = null;
let connected = false;
let page = ""; // the token under which the telephone is this page's
let taken = 0; // when it was given
let asking = false; // for another: a token that isn't known may be the next of this page
let confirmed = false; // the service has said so in a snapshot
let idle = performance.now(); // since when there is no call
let found = performance.now(); // since when the telephone is there
let renewed = found; // when it last registered
let wait = 0;
let again: ReturnType<typeof setTimeout> | undefined;

const first = 500; // milliseconds before the telephone is asked for again, then twice that
const longest = 5_000;
const fresh = 60_000; // milliseconds after which a registration is made anew
const settled = 3_000; // milliseconds in which service and exchange may disagree

const sound = new Audio();
sound.autoplay = true;
effect(() => {
  const output = settings.value.earphone;
  if ("setSinkId" in sound) (sound as any).setSinkId(output).catch(() => {});
});

let opening: Promise<void> | null = null;

// open brings the telephone into this page, or to where the agent wants it.
export function open(): Promise<void> {
  opening ??= bring().finally(() => (opening = null));
  return opening;
}

async function bring(): Promise<void> {
  clearTimeout(again);
  if (!session.value) return;
  if (settings.value.telephone === "desk") return toDesk();
  if (!(await openMicrophone())) return;
  if (line.value !== "registered") line.value = line.value === "lost" ? "lost" : "connecting";
  try {
    asking = true;
    const access = await takePhone("browser").finally(() => (asking = false));
    page = access.page;
    taken = performance.now();
    confirmed = false;
    untracked(agree); // the snapshot may have come first
    setTimeout(agree, settled + 100); // or another page right after
    if (phone) phone.renew(access.password);
    else {
      phone = new Phone(access, events);
      phone.start();
    }
  } catch (fault) {
    if (!(fault instanceof Problem)) throw fault;
    if (fault.status === 401) return;
    if (fault.status === 0 || fault.status >= 500) return later();
    line.value = "off";
    alarm.value = explain(fault);
  }
}

// later asks for the telephone again: its password is not known to the exchange
// any more, or the service was not there.
function later() {
  line.value = "lost";
  wait = Math.min(Math.max(first, 2 * wait), longest);
  clearTimeout(again);
  again = setTimeout(() => void open(), wait);
}

async function toDesk() {
  hush();
  closeMicrophone();
  line.value = "desk";
  try {
    await takePhone("desk");
  } catch (fault) {
    if (!(fault instanceof Problem)) throw fault;
    alarm.value = explain(fault);
  }
}

// hush takes the telephone out of this page. A call that is up breaks: the
// citizen hears so, and comes first.
function hush() {
  clearTimeout(again);
  call.peek()?.end(true);
  phone?.stop();
  phone = null;
  connected = false;
  page = "";
}

// close ends the telephone with the session.
export function close() {
  hush();
  closeMicrophone();
  line.value = "off";
}

const events = {
  connected(yes: boolean) {
    connected = yes;
    if (!yes && phone) line.value = "lost";
  },
  registered(yes: boolean) {
    if (yes) wait = 0;
    if (yes && line.value !== "registered") found = renewed = performance.now();
    if (phone) line.value = yes ? "registered" : "lost";
  },
  refused() {
    if (phone && connected) later();
  },
  rings(incoming: Call) {
    if (call.value) return incoming.end();
    call.value = incoming;
    phase.value = "rings";
    muted.value = false;
    if (settings.value.answers) signalTone(() => call.value === incoming && void answer());
    else ring();
    notice();
  },
  answered(one: Call) {
    if (one === call.value) phase.value = "up";
  },
  speaks(one: Call, heard: MediaStream) {
    if (one !== call.value) return;
    sound.srcObject = heard;
    void sound.play().catch(() => {});
    listen(one);
  },
  ended(one: Call) {
    if (one !== call.value) return;
    if (phase.value === "answers") alarm.value = text.value.brokenAnswer;
    call.value = null;
    idle = performance.now();
    phase.value = "none";
    muted.value = false;
    sound.srcObject = null;
    stopRinging();
  },
};

export async function answer() {
  const one = call.value;
  if (!one || phase.value !== "rings") return;
  phase.value = "answers";
  stopRinging();
  if ((await openMicrophone()) && stream.value && call.value === one) one.answer(stream.value);
  else if (call.value === one) one.end();
}

export function end() {
  call.value?.end();
}

export function mute() {
  if (phase.value === "up") muted.value = !muted.value;
}

// A headset that comes back speaks in the call that is up.
effect(() => {
  const track = stream.value?.getAudioTracks()[0];
  const sender = call.peek()?.connection?.getSenders().find(one => one.track?.kind === "audio");
  if (track && sender && sender.track !== track) void sender.replaceTrack(track);
});

// listen watches whether sound comes in.
function listen(one: Call) {
  let before = -1;
  let still = 0;
  deaf.value = false;
  const watch = setInterval(async () => {
    if (call.value !== one) {
      deaf.value = false;
      return clearInterval(watch);
    }
    let bytes = 0;
    (await one.connection?.getStats())?.forEach(part => part.type === "inbound-rtp" && (bytes += part.bytesReceived));
    still = bytes === before && !held.peek() ? still + 1 : 0;
    before = bytes;
    deaf.value = still >= 3;
  }, 2000);
}

let shown: Notification | undefined;
function notice() {
  if (!settings.value.notices || !document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  shown = new Notification(text.value.incoming, { body: text.value.noticeBody, tag: "richiamo", icon: "/console/icon.svg" });
  shown.onclick = () => {
    window.focus();
    shown?.close();
  };
}
effect(() => {
  if (phase.value !== "rings") shown?.close();
});

// agree does what a snapshot says of the telephone.
function agree() {
  const a = agent.value;
  if (!a || !session.value) return;
  const old = performance.now() - taken > settled;
  if (asking || !page) {
    // nothing can be said
  } else if (a.page === page) confirmed = true;
  else if (a.page && (confirmed || old)) {
    hush();
    closeMicrophone();
    line.value = "elsewhere";
  } else if (a.phone === "desk" && (confirmed || old)) {
    hush();
    closeMicrophone();
    line.value = "desk";
  }
  if (line.peek() === "registered" && performance.now() - renewed > fresh) {
    renewed = performance.now();
    phone?.refresh();
  }
  const one = call.peek();
  if (one && !serving.value && performance.now() - one.began > settled) one.end();
}

// unreachable: the exchange says that the telephone does not answer it. It asks now
// and then, so what it says right after the telephone was found is of before.
export const unreachable = computed(() => {
  void now.value;
  return agent.value?.phone_reachable === false && ["registered", "desk"].includes(line.value) && performance.now() - found > 2 * settled;
});

// reconnecting: the service says that the citizen is on the line, and this page's
// telephone is not. The call broke, and will ring again.
export const reconnecting = computed(() => {
  void now.value; // looked at again each second
  return talking.value && agent.value?.phone !== "desk" && !["desk", "elsewhere"].includes(line.value) && phase.value === "none" && performance.now() - idle > settled;
});

// keepLine keeps the telephone with the session. A session that has run out takes
// nothing away: a talk goes on, and the agent signs in again.
export function keepLine() {
  let was = "";
  effect(() => {
    const signed = session.value?.agent ?? "";
    if (signed && signed !== was) untracked(() => void open());
    was = signed;
  });
  effect(agree);
  effect(() => {
    if (microphone.value === "open" && line.peek() === "off") untracked(() => void open());
  });
}

// At the end of a page its call is broken, not over.
addEventListener("pagehide", () => call.value?.end(true));
addEventListener("pageshow", event => event.persisted && location.reload());
