// The call: what rings, whom I speak with, and who else.

import { signal } from "@preact/signals";
import { answer, call, deaf, end, line, mute, open, phase, reconnecting } from "./line";
import { Icon } from "./icons";
import { microphone, muted, troubled } from "./microphone";
import { Button, Fact } from "./parts";
import { settings } from "./settings";
import { useTelephone } from "./settingsview";
import { agent, alarm, handover, session, since, snapshot, talk, talking, writes } from "./state";
import { clock, named, text } from "./text";
import { asked, held, helper, lead, toggleHold } from "./together";

// Trouble is what keeps the telephone from working, and what to do.
function Trouble() {
  const t = text.value;
  const said: Partial<Record<string, [string, string]>> = {
    refused: [t.micRefused, t.micRefusedLead],
    missing: [t.micMissing, t.micMissingLead],
    insecure: [t.insecure, t.insecureLead],
    lost: [t.micLost, t.micLostLead],
  };
  if (line.value === "elsewhere") {
    return (
      <section class="card trouble" aria-labelledby="trouble" role="alert">
        <h2 id="trouble">{t.takenOver}</h2>
        <p>{t.takenOverLead}</p>
        <Button label={t.takeBack} kind="main" act={() => useTelephone("browser")} />
      </section>
    );
  }
  if (microphone.value === "asking") {
    return (
      <p class="notice" role="status">
        <Icon name="microphone" /> {t.micAsking}
      </p>
    );
  }
  const [title, todo] = (troubled.value && settings.value.telephone === "browser" && said[microphone.value]) || ["", ""];
  if (!title) return null;
  return (
    <section class="card trouble" aria-labelledby="trouble" role="alert">
      <h2 id="trouble">{title}</h2>
      <p>{todo}</p>
      <div class="row">
        {microphone.value !== "insecure" && <Button label={t.retry} kind="main" act={() => void open()} />}
        <Button label={t.useDesk} act={() => useTelephone("desk")} />
      </div>
    </section>
  );
}

// About is what may be known before the citizen is on the line: nothing personal.
function About() {
  const t = text.value;
  const it = talk.value;
  if (!it) return null;
  return (
    <dl class="facts">
      <Fact name={t.why}>{named(t.purposes, it.purpose)}</Fact>
      <Fact name={t.via}>{it.callback ? t.callback : t.inbound}</Fact>
      {it.waited_seconds > 0 && <Fact name={t.waited}>{clock(it.waited_seconds)}</Fact>}
      {it.attempts > 0 && <Fact name={t.attempts}>{it.attempts}</Fact>}
      {it.language && <Fact name={t.speaks}>{named(t.languages, it.language)}</Fact>}
    </dl>
  );
}

function Marks() {
  const t = text.value;
  const mark = talk.value?.class;
  return mark ? <span class={`mark ${mark}`}>{named(t.classes, mark)}</span> : null;
}

function Ringing() {
  const t = text.value;
  const helping = agent.value?.helping;
  const desk = agent.value?.phone === "desk";
  return (
    <section class="card call rings" aria-labelledby="call-title">
      <div class="title" role="alert">
        <h2 id="call-title" tabIndex={-1}>{phase.value === "answers" || phase.value === "up" ? t.answering : helping ? t.incomingHelp : t.incoming}</h2>
        <Marks />
      </div>
      <About />
      {talk.value?.no_keys && <p class="notice warn">{t.noKeys}</p>}
      {desk ? (
        <p class="big">{t.ringsAtDesk}</p>
      ) : (
        <div class="row">
          <Button id="answer" label={t.answer} kind="good" icon="answer" shortcut="R" act={() => void answer()} disabled={phase.value !== "rings"} />
        </div>
      )}
    </section>
  );
}

function Talking() {
  const t = text.value;
  const a = agent.value!;
  const here = phase.value === "up";
  return (
    <section class={`card call ${held.value ? "held" : "talks"}`} aria-labelledby="call-title">
      <div class="title">
        <h2 id="call-title" tabIndex={-1}>{a.helping ? t.helpingIn : t.talkingWith}</h2>
        <span class="since">{clock(since(a.since))}</span>
        {!handover.value && <Marks />}
      </div>
      <div role="status" class="notes">
        {reconnecting.value && (
          <p class="notice warn">
            <strong>{t.reconnecting}</strong> {t.reconnectingLead}
          </p>
        )}
        {held.value && !helper.value && <p class="notice">{t.onHold}</p>}
        {muted.value && <p class="notice warn">{t.mutedNow}</p>}
        {deaf.value && <p class="notice warn">{t.noSound}</p>}
      </div>
      <div class="row controls">
        {here && <Button id="mute" label={muted.value ? t.unmute : t.mute} icon={muted.value ? "muted" : "microphone"} shortcut="M" act={mute} on={muted.value} />}
        {!a.helping && !helper.value && <Button id="hold" label={held.value ? t.resume : t.hold} icon={held.value ? "resume" : "hold"} shortcut="A" act={() => void toggleHold()} on={held.value} />}
        {here && <Button id="end" label={t.end} icon="end" kind="bad" shortcut="T" act={end} />}
      </div>
      {!a.helping && <Others />}
    </section>
  );
}

const target = signal("");

function ask(verb: "consult" | "conference" | "transfer") {
  if (!target.value) {
    alarm.value = text.value.chooseFirst;
    document.getElementById("target")?.focus();
    return;
  }
  void lead(verb, target.value);
}

// Others are colleagues and queues to whom the citizen can be brought.
function Others() {
  const t = text.value;
  const one = helper.value;
  if (one) {
    const up = one.state === "talking";
    return (
      <div class="others">
        <p role="status">{!up ? t.helperRings(one.id) : held.value ? t.helperApart(one.id) : t.helperTalks(one.id)}</p>
        <div class="row">
          {up && held.value && <Button label={t.conference} act={() => void lead("conference")} />}
          {up && !held.value && <Button label={t.consult} act={() => void lead("consult")} />}
          {up && <Button label={t.transfer} act={() => void lead("transfer")} />}
          <Button label={t.backToCitizen} act={() => void lead("resume")} />
        </div>
      </div>
    );
  }
  const team = (snapshot.value?.team ?? []).filter(mate => mate.state !== "away");
  const queues = session.value?.queues ?? [];
  const chosen = [...team.map(mate => `agent:${mate.id}`), ...queues.map(name => `queue:${name}`)].includes(target.value) ? target.value : "";
  const toQueue = chosen.startsWith("queue:");
  return (
    <div class="others">
      <label for="target">{t.colleaguesLead}</label>
      <div class="row">
        <select id="target" value={chosen} onChange={event => (target.value = event.currentTarget.value)}>
          <option value="">{t.choose}</option>
          {team.length > 0 && (
            <optgroup label={t.toColleague}>
              {team.map(mate => (
                <option value={`agent:${mate.id}`} disabled={mate.state !== "ready"}>
                  {mate.id} ({named(t.states, mate.state).toLowerCase()})
                </option>
              ))}
            </optgroup>
          )}
          {queues.length > 0 && (
            <optgroup label={t.toQueue}>
              {queues.map(name => (
                <option value={`queue:${name}`}>{name}</option>
              ))}
            </optgroup>
          )}
        </select>
        <Button id="consult" label={t.consult} act={() => ask("consult")} disabled={toQueue} />
        <Button id="conference" label={t.conference} act={() => ask("conference")} disabled={toQueue} />
        <Button id="transfer" label={t.transfer} act={() => ask("transfer")} />
      </div>
      <p role="status" class="hint">
        {asked.value && (asked.value.verb === "transfer" ? t.passing : t.asked(asked.value.who))}
      </p>
    </div>
  );
}

function Idle() {
  const t = text.value;
  const a = agent.value;
  const missed = a?.state === "paused" && a.reason === "calls not answered";
  const [title, lead] =
    a?.state === "ready" ? [t.idleReady, t.idleReadyLead]
    : a?.state === "reserved" ? [t.incoming, t.reservedLead]
    : a?.state === "wrap-up" ? (writes.value ? [t.idleWrapUp, t.idleWrapUpLead] : [t.idleElsewhere, t.idleElsewhereLead])
    : a?.state === "paused" ? [t.idlePaused, missed ? t.idleMissed(a.misses) : ""]
    : [t.idleAway, ""];
  return (
    <section class={`card call idle ${a?.state ?? ""}`} aria-labelledby="call-title">
      <span class="sign" aria-hidden="true">
        <Icon name={a?.state === "ready" || a?.state === "reserved" ? "answer" : a?.state === "paused" ? "hold" : a?.state === "wrap-up" ? "write" : "person"} />
      </span>
      <h2 id="call-title" tabIndex={-1}>{title}</h2>
      {lead && <p>{lead}</p>}
      {a?.state === "reserved" && <About />}
      {line.value === "desk" && settings.value.telephone === "browser" && (
        <div class="row">
          <p>{t.movedToDesk}</p>
          <Button label={t.useBrowser} act={() => useTelephone("browser")} />
        </div>
      )}
    </section>
  );
}

export function CallView() {
  const a = agent.value;
  const rings = (phase.value === "rings" || phase.value === "answers") && call.value;
  return (
    <>
      <Trouble />
      {rings || a?.state === "ringing" ? <Ringing /> : talking.value ? <Talking /> : <Idle />}
    </>
  );
}
