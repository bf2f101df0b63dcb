// The stream of snapshots: opened while somebody is signed in, opened again
// whenever it ends.

import { effect } from "@preact/signals";
import { Problem, type Session, type Snapshot } from "./api";
import { accept, ask, eventsPath, linked, session } from "./state";

const silence = 35_000; // milliseconds; the service speaks every 15 s at least
const first = 500; // milliseconds before the stream is opened again, then twice that
const longest = 5_000;

let source: EventSource | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
let quiet: ReturnType<typeof setTimeout> | undefined;
let wait = first;

function listen() {
  shut();
  source = new EventSource(eventsPath());
  source.addEventListener("snapshot", event => {
    wait = first;
    heard();
    accept(JSON.parse(event.data) as Snapshot);
  });
  source.onerror = () => {
    linked.value = false;
    if (source?.readyState === EventSource.CLOSED) later();
  };
  heard();
}

// heard winds the alarm clock: a line that has died without a word looks open.
function heard() {
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    linked.value = false;
    later();
  }, silence);
}

// later opens the stream again, when the service says that the session still
// holds. Without one, asking has led to the sign-in.
function later() {
  shut();
  again = setTimeout(async () => {
    wait = Math.min(2 * wait, longest);
    try {
      session.value = await ask<Session>("GET", "/api/v1/session");
      listen();
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
      if (fault.status !== 401) later();
    }
  }, wait);
}

function shut() {
  clearTimeout(again);
  clearTimeout(quiet);
  source?.close();
  source = null;
}

// follow keeps the stream with the session.
export function follow() {
  let whose = "";
  effect(() => {
    const signed = session.value?.agent ?? "";
    if (signed === whose) return;
    whose = signed;
    wait = first;
    if (signed) listen();
    else {
      shut();
      linked.value = false;
    }
  });
}
