// What an agent has chosen for this browser, kept in it. Nothing of a citizen.

import { effect, signal } from "@preact/signals";

export interface Settings {
  language: "" | "it" | "en"; // "": the browser's
  telephone: "browser" | "desk";
  answers: boolean; // the page answers by itself
  shortcuts: boolean;
  notices: boolean; // desktop notifications of calls
  volume: number; // of the ringing, 0 to 1
  microphone: string; // device, "" for the system's
  earphone: string;
}

const usual: Settings = {
  language: "", telephone: "browser", answers: false, shortcuts: true, notices: false, volume: 0.6, microphone: "", earphone: "",
};
const place = "richiamo.settings";

function kept(): Settings {
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(place) ?? "{}") };
  } catch {
    return usual;
  }
}

export const settings = signal<Settings>(kept());

export function choose(change: Partial<Settings>) {
  settings.value = { ...settings.value, ...change };
}

effect(() => {
  const all = JSON.stringify(settings.value);
  try {
    localStorage.setItem(place, all);
  } catch {
    // a browser that keeps nothing: the choice holds until the page is closed
  }
});
