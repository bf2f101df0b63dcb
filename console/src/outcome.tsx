// What came of the talk: chosen while it lasts or after it, in the agent's time.

import { useEffect, useRef } from "preact/hooks";
import { Button } from "./parts";
import { agent, draft, outcomeMissed, save, session, since, talking, write, writes } from "./state";
import { clock, named, text } from "./text";

const longest = 500; // characters of a note

// Timer counts the wrap-up against its limit. It warns, and ends nothing.
function Timer() {
  const t = text.value;
  const a = agent.value;
  const limit = session.value?.wrap_up_limit_seconds ?? 0;
  if (a?.state !== "wrap-up") return null;
  const past = since(a.since);
  const over = limit > 0 && past >= limit;
  return (
    <>
      <span class={`since ${over ? "over" : ""}`} id="wrap-up">
        {limit > 0 ? t.wrapUp(clock(past), clock(limit)) : clock(past)}
      </span>
      {limit > 0 && <progress max={limit} value={Math.min(past, limit)} class={over ? "over" : ""} aria-hidden="true" />}
      <p role="status" class={over ? "notice warn" : "visually-hidden"}>
        {over && t.wrapUpOver(clock(past - limit))}
      </p>
    </>
  );
}

export function OutcomeView() {
  const t = text.value;
  const first = useRef<HTMLInputElement>(null);
  const asked = useRef(outcomeMissed.value);
  useEffect(() => {
    if (outcomeMissed.value !== asked.current) first.current?.focus();
    asked.current = outcomeMissed.value;
  }, [outcomeMissed.value]);
  const d = draft.value;
  if (!writes.value || !d || d.ticket !== writes.value) return null;
  if (d.saved && talking.value) {
    return (
      <section class="card" aria-labelledby="outcome-title">
        <h2 id="outcome-title">{t.outcome}</h2>
        <p role="status">
          <strong>{t.saved}: {named(t.outcomes, d.outcome)}.</strong> {t.savedLead}
        </p>
        <Button label={t.change} act={() => write({ saved: false })} />
      </section>
    );
  }
  return (
    <section class="card outcome" aria-labelledby="outcome-title">
      <div class="title">
        <h2 id="outcome-title">{t.outcome}</h2>
        <Timer />
      </div>
      <fieldset>
        <legend>
          {t.outcome} {session.value?.outcome_required && <span class="aside">({t.outcomeRequired})</span>}
        </legend>
        <div class="chips">
          {session.value?.outcomes.map((name, i) => (
            <label class="chip">
              <input ref={i === 0 ? first : undefined} type="radio" name="outcome" value={name} checked={d.outcome === name} onChange={() => write({ outcome: name })} />
              <span>{named(t.outcomes, name)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="field">
        <label for="note">{t.noteLabel}</label>
        <textarea id="note" rows={3} maxLength={longest} value={d.note} onInput={event => write({ note: event.currentTarget.value })} aria-describedby="note-left" />
        <p class="hint" id="note-left">
          {d.note.length > longest - 100 && t.noteLeft(longest - d.note.length)}
        </p>
      </div>
      <div class="row">
        <Button id="save" label={t.save} kind="main" shortcut="S" act={() => void save()} />
        {talking.value && <p class="hint">{t.saveNow}</p>}
      </div>
    </section>
  );
}
