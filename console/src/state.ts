// What the page knows: who is signed in, what the service said last, what is
// typed. The service is the truth of calls and states; nothing here guesses them.

import { computed, effect, signal } from "@preact/signals";
import { asker, Problem, type Access, type Agent, type Handover, type Session, type Snapshot, type Verb } from "./api";
import { text } from "./text";

// session is null when nobody is signed in, undefined until that is known.
export const session = signal<Session | null | undefined>(undefined);
// lapsed is the session that ran out: the same agent finds everything as it was.
export const lapsed = signal<Session | null>(null);
export const snapshot = signal<Snapshot | null>(null);
// linked tells whether the stream of snapshots is open.
export const linked = signal(false);
// alarm is the last error, until it is closed or something succeeds.
export const alarm = signal("");

export const agent = computed<Agent | null>(() => snapshot.value?.agent ?? null);
export const talk = computed(() => snapshot.value?.talk ?? null);
export const talking = computed(() => agent.value?.state === "talking");
export const serving = computed(() => ["reserved", "ringing", "talking"].includes(agent.value?.state ?? ""));

// now is the service's time, each second anew.
const ahead = signal(0); // of this machine's clock, milliseconds
export const now = signal(Date.now());
const tick = () => (now.value = Date.now() + ahead.value);
setInterval(tick, 1000);

export function since(time: string | undefined): number {
  return time ? Math.max(0, (now.value - Date.parse(time)) / 1000) : 0;
}

export const ask = asker(() => {
  if (!session.value) return;
  lapsed.value = session.value;
  session.value = null;
});

// explain says an error to the agent.
export function explain(fault: unknown): string {
  if (!(fault instanceof Problem)) throw fault;
  switch (fault.name) {
    case "":
    case "unavailable":
      return text.value.unreachable;
    case "not-now":
      return text.value.notNow;
    case "no-talk":
      return text.value.noTalk;
    case "outcome-required":
      return text.value.outcomeMissing;
    case "unauthorized":
      return "";
  }
  return text.value.refused(fault.detail);
}

// attempt does something of which the agent must hear when it fails.
export async function attempt(what: () => Promise<unknown>): Promise<boolean> {
  try {
    await what();
    alarm.value = "";
    return true;
  } catch (fault) {
    alarm.value = explain(fault);
    return false;
  }
}

// accept takes what the service says of now.
export function accept(news: Snapshot) {
  ahead.value = Date.parse(news.now) - Date.now();
  tick();
  snapshot.value = { ...news, team: news.team.filter(one => one.id !== news.agent.id) };
  linked.value = true;
}

const path = (rest: string) => `/api/v1/agents/${encodeURIComponent(session.value?.agent ?? "")}/${rest}`;

export const eventsPath = () => path("events");

export const takePhone = (kind: "browser" | "desk") => ask<Access>("PUT", path("phone"), { kind });

// setState asks for a state; what comes of it is in the next snapshot.
export async function setState(state: "ready" | "paused" | "away", more: { reason?: string; outcome?: string; note?: string } = {}) {
  const changed = await ask<Agent>("PUT", path("state"), { state, ...more });
  if (snapshot.value) snapshot.value = { ...snapshot.value, agent: { ...snapshot.value.agent, ...changed, wish: changed.wish, writes_up: changed.writes_up, reason: changed.reason } };
}

export async function wish(verb: Verb, target?: string) {
  const call = talk.value?.call;
  if (!call) throw new Problem(409, "no-talk", "");
  await ask("POST", `/api/v1/calls/${encodeURIComponent(call)}/wishes`, target ? { verb, target } : { verb });
}

// handover is everything that is known of the citizen: asked for once the two
// talk, kept while the outcome is written, forgotten with it.
export const handover = signal<Handover | null>(null);
export const handoverFailed = signal(false);

const wanted = computed(() => (talking.value && session.value ? (talk.value?.call ?? "") : ""));
const keeps = computed(() => !!handover.value && handover.value.ticket === (talking.value ? agent.value?.ticket : agent.value?.writes_up));

let opening = "";
export async function openHandover(call = wanted.value) {
  opening = call;
  handoverFailed.value = false;
  for (const wait of [0, 500, 1500, 3000]) {
    await new Promise(done => setTimeout(done, wait));
    if (opening !== call || wanted.value !== call) return;
    try {
      const card = await ask<Handover>("GET", `/api/v1/calls/${encodeURIComponent(call)}/handover`);
      if (wanted.value === call) handover.value = card;
      return;
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.status === 401) return;
    }
  }
  handoverFailed.value = true;
}

effect(() => {
  if (!wanted.value) opening = "";
  else if (wanted.value !== opening) void openHandover(wanted.value);
});
effect(() => {
  if (!keeps.value && snapshot.value) handover.value = null;
  if (!wanted.value) handoverFailed.value = false;
});

// draft is the outcome and note of a talk, as far as they are written. It
// outlives a reload of the page, in this tab alone.
export interface Draft {
  agent: string;
  ticket: string;
  outcome: string;
  note: string;
  saved: boolean;
}

const place = "richiamo.draft";

function kept(): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "null");
  } catch {
    return null;
  }
}

export const draft = signal<Draft | null>(kept());
effect(() => sessionStorage.setItem(place, JSON.stringify(draft.value)));

// writes is the ticket whose outcome is to be written, or can be already.
export const writes = computed(() => {
  const a = agent.value;
  if (!a || a.helping) return "";
  return a.state === "talking" ? (a.ticket ?? "") : (a.writes_up ?? "");
});

effect(() => {
  const ticket = writes.value;
  if (!ticket && snapshot.value && draft.value?.saved) draft.value = null;
  if (ticket && session.value && (draft.peek()?.ticket !== ticket || draft.peek()?.agent !== session.value.agent)) {
    draft.value = { agent: session.value.agent, ticket, outcome: "", note: "", saved: false };
  }
});

export function write(change: Partial<Draft>) {
  if (draft.value) draft.value = { ...draft.value, ...change };
}

// unsaved tells whether something is typed that is on no disk yet.
export const unsaved = computed(() => !!writes.value && !!draft.value && !draft.value.saved && !!(draft.value.note || draft.value.outcome));

// save hands the outcome over, and asks for the state after it: the one that was
// wished for already, unless it is named. It ends a wrap-up; in the talk it waits
// for its end.
export async function save(to?: "ready"): Promise<boolean> {
  const d = draft.value;
  const a = agent.value;
  if (!d || !a || !writes.value) return false;
  if (!d.outcome) {
    alarm.value = d.note.trim() ? text.value.outcomeForNote : text.value.outcomeMissing;
    outcomeMissed.value++;
    return false;
  }
  const wished = a.wish ?? a.state;
  const after = to ?? (wished === "paused" || wished === "away" ? wished : "ready");
  const more = { outcome: d.outcome, ...(d.note.trim() ? { note: d.note.trim() } : {}), ...(after === "paused" && a.reason ? { reason: a.reason } : {}) };
  return attempt(async () => {
    await setState(after, more);
    write({ saved: true });
  });
}

// outcomeMissed counts how often one was asked for: its field then has the focus.
export const outcomeMissed = signal(0);

// beReady is the agent's "Ready": with the outcome, if one is chosen or needed.
export async function beReady(): Promise<boolean> {
  const d = draft.value;
  const begun = d && !d.saved && (d.outcome || d.note.trim());
  const owed = agent.value?.writes_up && session.value?.outcome_required && !d?.saved;
  if (writes.value && !talking.value && (begun || owed)) return save("ready");
  return attempt(async () => {
    try {
      await setState("ready");
    } catch (fault) {
      if (fault instanceof Problem && fault.name === "outcome-required") outcomeMissed.value++;
      throw fault;
    }
  });
}

// enter begins a session. What another agent left in the page is removed.
export function enter(begun: Session) {
  if (lapsed.value && lapsed.value.agent !== begun.agent) forget();
  lapsed.value = null;
  alarm.value = "";
  session.value = begun;
}

// forget removes everything of an agent and of citizens.
export function forget() {
  snapshot.value = null;
  handover.value = null;
  draft.value = null;
  alarm.value = "";
}
