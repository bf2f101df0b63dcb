// Beside the call: the queues, and the colleagues.

import { linked, snapshot } from "./state";
import { clock, named, text } from "./text";

export function Queues() {
  const t = text.value;
  const queues = snapshot.value?.queues ?? [];
  return (
    <section class="card" aria-labelledby="queues-title">
      <div class="title">
        <h2 id="queues-title">{t.queues}</h2>
        {!linked.value && <span class="mark red-flag">{t.stale}</span>}
      </div>
      {queues.length === 0 && <p class="hint">{t.noQueues}</p>}
      {queues.map(queue => (
        <div class="queue">
          <h3>{queue.name}</h3>
          <dl>
            <div>
              <dd>{queue.waiting}</dd>
              <dt>{t.waiting}</dt>
            </div>
            <div>
              <dd>{queue.callbacks}</dd>
              <dt>{t.callbacks}</dt>
            </div>
            <div>
              <dd>{queue.waiting > 0 ? clock(queue.longest_seconds) : "–"}</dd>
              <dt>{t.longest}</dt>
            </div>
          </dl>
        </div>
      ))}
    </section>
  );
}

export function Team() {
  const t = text.value;
  const team = (snapshot.value?.team ?? []).filter(one => one.state !== "away");
  return (
    <section class="card" aria-labelledby="team-title">
      <h2 id="team-title">{t.team}</h2>
      {team.length === 0 && <p class="hint">{t.noTeam}</p>}
      <ul class="team">
        {team.map(one => (
          <li class={one.state}>
            <span class="dot" aria-hidden="true" />
            <span>{one.id}</span>
            <span class="aside">{one.helping ? t.helps : named(t.states, one.state)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
