// Who is on the line: shown only once the two talk, and until the outcome is
// written.

import { Button, Fact } from "./parts";
import type { Handover } from "./api";
import { handover, handoverFailed, openHandover, talk } from "./state";
import { age, between, clock, date, moment, named, spaced, telephone, text } from "./text";

function Names({ card }: { card: Handover }) {
  const t = text.value;
  const who = card.citizen;
  if (!who) {
    return (
      <>
        <p class="name">{card.fiscal_code || card.keyed ? t.unknownCitizen : t.namelessCitizen}</p>
        <p class="hint">{t.askName}</p>
      </>
    );
  }
  return (
    <>
      <p class="name" id="name">
        {who.given_name} {who.surname}
      </p>
      <p class="hint">{t.identity}</p>
    </>
  );
}

function Facts({ card }: { card: Handover }) {
  const t = text.value;
  const who = card.citizen;
  const waited = talk.value?.waited_seconds ?? card.waited_seconds;
  return (
    <dl class="facts">
      {who && (
        <Fact name={t.born}>
          {date(who.birth_date)} <span class="aside">({t.years(age(who.birth_date))})</span>
        </Fact>
      )}
      {who?.municipality && <Fact name={t.municipality}>{who.municipality}</Fact>}
      {card.fiscal_code && (
        <Fact name={t.fiscalCode}>
          <span class="figures">{spaced(card.fiscal_code, 3, 3, 5, 5)}</span>
        </Fact>
      )}
      {card.phone && (
        <Fact name={t.number}>
          <span class="figures">{telephone(card.phone)}</span>
        </Fact>
      )}
      {card.keyed && (
        <Fact name={t.keyed}>
          <span class="figures">{card.keyed}</span>
        </Fact>
      )}
      <Fact name={t.why}>{named(t.purposes, card.purpose)}</Fact>
      <Fact name={t.via}>{named(t.channels, card.channel)}</Fact>
      {card.language && <Fact name={t.speaks}>{named(t.languages, card.language)}</Fact>}
      {waited > 0 && <Fact name={t.waited}>{clock(waited)}</Fact>}
      {card.promised && (
        <Fact name={t.promised}>
          {between(card.promised.from, card.promised.to)}
          {card.replanned > 0 && <span class="aside"> ({t.late(card.replanned)})</span>}
        </Fact>
      )}
    </dl>
  );
}

function History({ card }: { card: Handover }) {
  const t = text.value;
  return (
    <>
      {card.note && (
        <blockquote>
          <strong>{t.note}:</strong> {card.note}
        </blockquote>
      )}
      {card.outcome && (
        <blockquote>
          <strong>{t.earlier}:</strong> {named(t.outcomes, card.outcome)}
          {card.outcome_note && ` – ${card.outcome_note}`}
        </blockquote>
      )}
      {card.also.length > 0 && (
        <>
          <h3>{t.also}</h3>
          <ul class="history">
            {card.also.map(one => (
              <li>
                {named(t.purposes, one.purpose)} <span class="aside">({named(t.channels, one.channel)}, {moment(one.at)})</span>
                {one.fiscal_code && <span class="figures"> {spaced(one.fiscal_code, 3, 3, 5, 5)}</span>}
                {one.note && <> – {one.note}</>}
              </li>
            ))}
          </ul>
        </>
      )}
      {card.attempts.length > 0 && (
        <>
          <h3>{t.attempts}</h3>
          <ol class="history">
            {card.attempts.map(one => (
              <li>
                {moment(one.at)}
                {one.outcome && ` – ${named(t.reached, one.outcome)}`}
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  );
}

export function CitizenView() {
  const t = text.value;
  const card = handover.value;
  if (!card) {
    return handoverFailed.value ? (
      <section class="card" aria-labelledby="citizen-title">
        <h2 id="citizen-title">{t.citizen}</h2>
        <p role="alert">{t.cardFailed}</p>
        <Button label={t.retry} act={() => void openHandover()} />
      </section>
    ) : null;
  }
  return (
    <section class="card citizen" aria-labelledby="citizen-title">
      <div class="title">
        <h2 id="citizen-title">{t.citizen}</h2>
        {card.class && <span class={`mark ${card.class}`}>{named(t.classes, card.class)}</span>}
      </div>
      <Names card={card} />
      {card.no_keys && <p class="notice warn">{t.noKeys}</p>}
      {card.spoken_name && (
        <p class="spoken">
          <strong>{t.spokenName}</strong>
          <audio controls preload="none" aria-label={t.spokenName} src={`/api/v1/calls/${encodeURIComponent(card.call)}/spoken-name`} />
        </p>
      )}
      <Facts card={card} />
      <History card={card} />
    </section>
  );
}
