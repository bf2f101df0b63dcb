// The agent's page. It begins here.

import { effect } from "@preact/signals";
import { render } from "preact";
import { Problem, type Session } from "./api";
import { Bar } from "./bar";
import { CallView } from "./call";
import { CitizenView } from "./citizen";
import { listenForKeys } from "./keys";
import { call, keepLine, phase } from "./line";
import { OutcomeView } from "./outcome";
import { Queues, Team } from "./side";
import { SignIn } from "./signin";
import { agent, ask, enter, session, unsaved } from "./state";
import { follow } from "./stream";
import { language, text } from "./text";
import { watchTalk } from "./together";

function Page() {
  if (session.value === undefined) return <p class="loading">{text.value.moment}</p>;
  if (session.value === null) return <SignIn />;
  return (
    <>
      <a class="skip" href="#desk">
        {text.value.skip}
      </a>
      <Bar />
      <main id="desk" tabIndex={-1}>
        <h1 class="visually-hidden">{text.value.desk}</h1>
        <div class="work">
          <CallView />
          <CitizenView />
        </div>
        <aside>
          <OutcomeView />
          <Queues />
          <Team />
        </aside>
      </main>
    </>
  );
}

// begin finds out whether somebody is signed in.
async function begin() {
  try {
    enter(await ask<Session>("GET", "/api/v1/session"));
  } catch (fault) {
    if (!(fault instanceof Problem)) throw fault;
    if (fault.status === 401) session.value = null;
    else setTimeout(begin, 2000);
  }
}

// The title is seen where the page is not.
function showTitle() {
  let flash: ReturnType<typeof setInterval> | undefined;
  effect(() => {
    const rings = phase.value === "rings";
    const calm = session.value ? `${session.value.agent} – Richiamo` : "Richiamo";
    const loud = `☎ ${text.value.incoming}`;
    clearInterval(flash);
    document.title = rings ? loud : calm;
    if (rings) flash = setInterval(() => (document.title = document.title === loud ? calm : loud), 1000);
  });
}

// A button that goes away with what it did takes the focus along; whoever works
// without a mouse goes on at the call.
function keepFocus() {
  let last: Element | null = null;
  addEventListener("focusin", event => (last = event.target as Element));
  effect(() => {
    void [agent.value?.state, phase.value];
    setTimeout(() => {
      if (document.activeElement === document.body && last && !last.isConnected) document.getElementById("call-title")?.focus();
    }, 50);
  });
}

effect(() => {
  document.documentElement.lang = language.value;
});
addEventListener("beforeunload", event => {
  if (call.value || unsaved.value) event.preventDefault();
});
showTitle();
keepFocus();
follow();
keepLine();
watchTalk();
listenForKeys();
render(<Page />, document.getElementById("page")!);
void begin();
