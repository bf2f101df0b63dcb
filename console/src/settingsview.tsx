// The agent's choices for this browser.

import { signal } from "@preact/signals";
import { open } from "./line";
import { change, devices } from "./microphone";
import { Dialog } from "./parts";
import { tryRing } from "./ring";
import { choose, settings } from "./settings";
import { serving } from "./state";
import { language, text } from "./text";

const refused = signal(false);

async function wantNotices(yes: boolean) {
  if (yes && "Notification" in window && (await Notification.requestPermission()) !== "granted") {
    refused.value = true;
    yes = false;
  }
  choose({ notices: yes });
}

export function useTelephone(telephone: "browser" | "desk") {
  choose({ telephone });
  void open();
}

export function Languages() {
  return (
    <div class="languages" role="group" aria-label={text.value.languageLabel}>
      {(["it", "en"] as const).map(one => (
        <button type="button" class="plain" lang={one} aria-pressed={language.value === one} onClick={() => choose({ language: one })}>
          {one === "it" ? "Italiano" : "English"}
        </button>
      ))}
    </div>
  );
}

interface CheckProps {
  id: string;
  label: string;
  hint: string;
  on: boolean;
  set: (yes: boolean) => void;
}

function Check({ id, label, hint, on, set }: CheckProps) {
  return (
    <div class="check">
      <input type="checkbox" id={id} checked={on} aria-describedby={`${id}-hint`} onChange={event => set(event.currentTarget.checked)} />
      <label for={id}>{label}</label>
      <p class="hint" id={`${id}-hint`}>{hint}</p>
    </div>
  );
}

function Device({ id, label, kind, chosen, set }: { id: string; label: string; kind: MediaDeviceKind; chosen: string; set: (device: string) => void }) {
  const found = devices.value.filter(one => one.kind === kind && one.deviceId !== "default");
  if (found.length < 2) return null;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={chosen} onChange={event => set(event.currentTarget.value)}>
        <option value="">{text.value.systemDevice}</option>
        {found.map(one => (
          <option value={one.deviceId}>{one.label}</option>
        ))}
      </select>
    </div>
  );
}

export function SettingsView({ close }: { close: () => void }) {
  const t = text.value;
  const s = settings.value;
  return (
    <Dialog title={t.settings} close={close}>
      <fieldset disabled={serving.value}>
        <legend>{t.telephone}</legend>
        {(["browser", "desk"] as const).map(kind => (
          <label class="choice">
            <input type="radio" name="telephone" checked={s.telephone === kind} onChange={() => useTelephone(kind)} />
            <span>{kind === "browser" ? t.here : t.atDesk}</span>
          </label>
        ))}
      </fieldset>
      <Check id="auto-answer" label={t.autoAnswer} hint={t.autoAnswerHint} on={s.answers} set={answers => choose({ answers })} />
      <Check id="shortcuts" label={t.shortcuts} hint={t.shortcutsHint} on={s.shortcuts} set={shortcuts => choose({ shortcuts })} />
      <Check id="notices" label={t.notices} hint={refused.value ? t.noticesRefused : t.noticesHint} on={s.notices} set={yes => void wantNotices(yes)} />
      <div class="field">
        <label for="volume">{t.volume}</label>
        <div class="row">
        <input id="volume" type="range" min="0" max="1" step="0.1" value={s.volume} onChange={event => choose({ volume: Number(event.currentTarget.value) })} />
        <button type="button" class="button quiet" onClick={tryRing}>
          {t.tryRing}
        </button>
        </div>
      </div>
      <Device id="device-in" label={t.microphone} kind="audioinput" chosen={s.microphone} set={device => void change(device)} />
      <Device id="device-out" label={t.earphone} kind="audiooutput" chosen={s.earphone} set={earphone => choose({ earphone })} />
      <div class="row apart">
        <Languages />
        <a href="/console/licences.txt" target="_blank" rel="noopener">
          {t.licences}
        </a>
      </div>
      <div class="actions">
        <button type="button" class="button main" onClick={close}>
          {t.close}
        </button>
      </div>
    </Dialog>
  );
}
