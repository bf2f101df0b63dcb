// Shortcuts, always with Alt: single letters would get in the way of whoever
// dictates or types (WCAG 2.1.4). The agent can switch them off.

import { pausing } from "./bar";
import { answer, end, mute, phase } from "./line";
import { settings } from "./settings";
import { agent, save, session, talking, writes } from "./state";
import { toggleHold } from "./together";

const deeds: Record<string, () => void> = {
  KeyR: () => phase.value === "rings" && void answer(),
  KeyM: mute,
  KeyA: () => talking.value && !agent.value?.helping && void toggleHold(),
  KeyT: () => phase.value === "up" && end(),
  KeyS: () => writes.value && void save(),
  KeyP: () => agent.value && agent.value.state !== "paused" && !document.querySelector("dialog") && (pausing.value = true),
};

export function listenForKeys() {
  addEventListener("keydown", event => {
    if (!session.value || !settings.value.shortcuts || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
    const deed = deeds[event.code];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
}
