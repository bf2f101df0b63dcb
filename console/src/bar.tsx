// The top of the desk: what I do and since when, whether my telephone works.

import { signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Icon } from "./icons";
import { close, line, unreachable } from "./line";
import { level, microphone, muted } from "./microphone";
import { Alarm, Button, Dialog } from "./parts";
import { SettingsView } from "./settingsview";
import { agent, alarm, ask, attempt, beReady, forget, lapsed, linked, serving, session, setState, since, talking, unsaved } from "./state";
import { clock, named, text } from "./text";

export const pausing = signal(false);
const setting = signal(false);

const reasons = ["pausa", "pranzo", "riunione", "formazione", "lavoro d'ufficio", "problema tecnico"];

async function signOut() {
  if (unsaved.value && !confirm(text.value.signOutUnsaved)) return;
  const left = await attempt(() => ask("DELETE", "/api/v1/session"));
  if (!left && session.value) return; // said why
  close();
  forget();
  lapsed.value = null;
  session.value = null;
}

function PauseDialog() {
  const t = text.value;
  const other = useRef<HTMLInputElement>(null);
  const missing = useSignal(false);
  const pause = async (reason: string) => {
    pausing.value = false;
    await attempt(() => setState("paused", { reason }));
  };
  const submit = () => {
    const reason = other.current?.value.trim() ?? "";
    if (reason) return void pause(reason);
    missing.value = true;
    other.current?.focus();
  };
  return (
    <Dialog title={t.pauseTitle} close={() => (pausing.value = false)}>
      <p>{talking.value ? t.pauseInTalk : t.pauseLead}</p>
      <div class="reasons">
        {reasons.map(reason => (
          <button type="button" class="button" onClick={() => void pause(reason)}>
            {t.pauses[reason]}
          </button>
        ))}
      </div>
      <form onSubmit={event => (event.preventDefault(), submit())}>
        <div class="field">
        <label for="pause-other">{t.pauseOtherLabel}</label>
        <div class="row">
          <input id="pause-other" ref={other} maxLength={100} autocomplete="off" aria-describedby="pause-missing" />
          <button class="button">{t.pauseOther}</button>
        </div>
        </div>
        <p id="pause-missing" role="alert" class="missing">
          {missing.value && t.pauseMissing}
        </p>
      </form>
      <div class="actions">
        <button type="button" class="button quiet" onClick={() => (pausing.value = false)}>
          {t.cancel}
        </button>
      </div>
    </Dialog>
  );
}

function State() {
  const t = text.value;
  const a = agent.value;
  if (!a) return <p class="state">{t.moment}</p>;
  const reason = a.state === "paused" && a.reason ? ` · ${named(t.pauses, a.reason)}` : "";
  const wished = a.wish ? t.then(named(t.states, a.wish).toLowerCase()) : "";
  return (
    <div class={`state ${a.state}`}>
      <p role="status">
        <span class="dot" aria-hidden="true" />
        <span class="visually-hidden">{t.stateNow("")}</span>
        <strong id="state">{a.state === "wrap-up" && !a.writes_up ? t.afterCall : named(t.states, a.state)}</strong>
        {reason && <span class="reason">{reason}</span>}
        {wished && <span class="reason"> · {wished}</span>}
      </p>
      <span class="since" id="since">{clock(since(a.since))}</span>
    </div>
  );
}

function Health() {
  const t = text.value;
  const words = { off: t.phoneOff, connecting: t.phoneConnecting, registered: t.phoneRegistered, lost: t.phoneLost, elsewhere: t.phoneElsewhere, desk: t.phoneDesk };
  const good = line.value === "registered" || line.value === "desk";
  return (
    <div class="health">
      <p role="status" class={line.value === "connecting" ? "" : good && !unreachable.value ? "good" : "bad"} id="health">
        <span class="dot" aria-hidden="true" />
        {t.phone}: {unreachable.value ? t.phoneUnreachable : words[line.value]}
      </p>
      {line.value !== "desk" && line.value !== "elsewhere" && (
        <p class="level">
          <Icon name={muted.value ? "muted" : "microphone"} />
          <span class="visually-hidden">
            {t.microphone}: {microphone.value !== "open" ? t.microphoneOff : muted.value ? t.microphoneMuted : t.microphoneOn}
          </span>
          {muted.value ? <strong aria-hidden="true">{t.microphoneMuted}</strong> : <Level />}
        </p>
      )}
    </div>
  );
}

// Level is apart, for it changes some times a second.
function Level() {
  const lit = microphone.value === "open" ? Math.ceil(level.value * 8) : 0;
  return (
    <span class="bars" aria-hidden="true">
      {[1, 2, 3, 4, 5, 6, 7, 8].map(n => (
        <i class={n <= lit ? "lit" : ""} />
      ))}
    </span>
  );
}

export function Bar() {
  const t = text.value;
  const a = agent.value;
  return (
    <header>
      <div class="strip">
        <p class="brand">
          <img src="/console/icon.svg" alt="" width="28" height="28" />
          Richiamo <span class="authority">{session.value?.authority}</span>
        </p>
        <div class="row">
          <span class="who">
            <Icon name="person" /> {session.value?.agent}
          </span>
          <button type="button" class="plain" onClick={() => (setting.value = true)} aria-label={t.settings} title={t.settings}>
            <Icon name="settings" />
          </button>
          <button type="button" class="plain" onClick={() => void signOut()} disabled={serving.value} title={serving.value ? t.signOutInTalk : undefined}>
            <Icon name="leave" /> {t.signOut}
          </button>
        </div>
      </div>
      <div class="bar">
        <State />
        <div class="row">
          <Button id="ready" label={t.beReady} kind="good" icon="resume" act={() => void beReady()} disabled={!a || a.state === "ready" || a.state === "reserved" || a.wish === "ready" || (serving.value && !a.wish)} />
          <Button id="pause" label={t.pause} icon="hold" shortcut="P" act={() => (pausing.value = true)} disabled={!a || (a.state === "paused" && !a.wish)} />
        </div>
        <Health />
      </div>
      {!linked.value && a && (
        <p class="lost" role="status">
          {t.streamLost}
        </p>
      )}
      <Alarm message={alarm.value} close={() => (alarm.value = "")} />
      {pausing.value && <PauseDialog />}
      {setting.value && <SettingsView close={() => (setting.value = false)} />}
    </header>
  );
}
