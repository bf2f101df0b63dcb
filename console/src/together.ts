// A talk with others in it: hold, help, handing over. The service leads it; here
// is what the agent has asked for, and who has come of it.

import { computed, effect, signal } from "@preact/signals";
import type { Verb } from "./api";
import { agent, alarm, attempt, now, snapshot, talk, talking, wish } from "./state";
import { text } from "./text";

const patience = 12_000; // milliseconds in which a helper must be found

// held: the citizen hears music.
export const held = signal(false);
export const asked = signal<{ verb: Verb; who: string; at: number } | null>(null);

// helper is the colleague who was asked into this talk.
export const helper = computed(() => snapshot.value?.team.find(one => one.helping && one.ticket && one.ticket === agent.value?.ticket) ?? null);

// lead asks the service for something in the talk. target is agent:NAME or queue:NAME.
export async function lead(verb: Verb, target?: string) {
  const done = await attempt(() => wish(verb, target));
  if (!done) return;
  const who = target?.replace(/^.*?:/, "") ?? "";
  switch (verb) {
    case "hold":
      held.value = true;
      break;
    case "resume":
      held.value = false;
      asked.value = null;
      break;
    case "consult":
    case "conference":
      held.value = verb === "consult";
      if (!helper.value) asked.value = { verb, who, at: performance.now() };
      break;
    case "transfer":
      asked.value = { verb, who, at: performance.now() };
  }
}

export const toggleHold = () => lead(held.value ? "resume" : "hold");

export function watchTalk() {
  let before = "";
  effect(() => {
    const call = talking.value ? (talk.value?.call ?? agent.value?.ticket ?? "") : "";
    if (call === before) return;
    before = call;
    held.value = false;
    asked.value = null;
  });
  let helped = "";
  effect(() => {
    const who = helper.value?.id ?? "";
    // Without the helper, for whatever reason, the two speak again.
    if (helped && !who) held.value = false;
    if (who && asked.peek()?.verb !== "transfer") asked.value = null;
    helped = who;
  });
  effect(() => {
    void now.value;
    const one = asked.value;
    if (!one || performance.now() - one.at < patience) return;
    asked.value = null;
    if (one.verb === "consult") held.value = false;
    alarm.value = text.value.helperRefused(one.who);
  });
}
