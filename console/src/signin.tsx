// Who are you: name and password. What the browser must grant is said here too,
// before it asks for it.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Problem, type Session } from "./api";
import { Icon } from "./icons";
import { phase } from "./line";
import { sounds } from "./microphone";
import { Alarm } from "./parts";
import { settings } from "./settings";
import { Languages } from "./settingsview";
import { ask, enter, explain, lapsed, now } from "./state";
import { text } from "./text";

const busy = signal(false);
const fault = signal("");
const until = signal(0); // before which no attempt is taken; the page's time

async function submit(form: HTMLFormElement) {
  const given = new FormData(form);
  busy.value = true;
  fault.value = "";
  sounds(); // a click lets the page ring
  try {
    enter(await ask<Session>("POST", "/api/v1/session", { agent: String(given.get("agent")).trim(), password: given.get("password") }));
    form.reset();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 429) until.value = now.value + 1000 * (problem.retryAfter || 5);
    fault.value = problem.status === 401 ? text.value.wrongPassword : problem.status === 429 ? "" : explain(problem);
    const password = form.elements.namedItem("password") as HTMLInputElement;
    password.focus();
    password.select();
  } finally {
    busy.value = false;
  }
}

export function SignIn() {
  const t = text.value;
  const form = useRef<HTMLFormElement>(null);
  const before = lapsed.value;
  const left = Math.ceil((until.value - now.value) / 1000);
  const insecure = !window.isSecureContext && settings.value.telephone === "browser";
  useEffect(() => {
    const first = form.current?.elements.namedItem(before ? "password" : "agent") as HTMLInputElement | null;
    first?.focus();
  }, []);
  return (
    <main class="signin">
      <form ref={form} class="card" onSubmit={event => (event.preventDefault(), void submit(event.currentTarget))} aria-labelledby="signin-title">
        <p class="brand">
          <img src="/console/icon.svg" alt="" width="40" height="40" />
          Richiamo
        </p>
        <h1 id="signin-title">{t.signInTitle}</h1>
        {before && <p class="notice" role="status">{phase.value === "up" ? t.expiredInTalk : t.expired}</p>}
        <label for="agent">{t.agent}</label>
        <input id="agent" name="agent" required autocomplete="username" autocapitalize="none" spellcheck={false} defaultValue={before?.agent ?? ""} />
        <label for="password">{t.password}</label>
        <input id="password" name="password" type="password" required autocomplete="current-password" aria-describedby="signin-fault" />
        <div id="signin-fault">
          <Alarm message={left > 0 ? t.tooMany(left) : fault.value} />
        </div>
        <button class="button main wide" disabled={busy.value || left > 0}>
          {busy.value ? t.signingIn : t.signIn}
        </button>
        {insecure ? (
          <div class="notice warn">
            <strong>{t.insecure}</strong>
            <p>{t.insecureLead}</p>
          </div>
        ) : (
          <p class="hint">
            <Icon name="microphone" /> {t.signInLead}
          </p>
        )}
        <Languages />
      </form>
    </main>
  );
}
