// Small parts that several views share.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";
import { settings } from "./settings";
import { text } from "./text";

interface ButtonProps {
  label: string;
  act: () => void;
  icon?: Parameters<typeof Icon>[0]["name"];
  shortcut?: string; // a letter, with Alt
  kind?: "main" | "good" | "bad" | "quiet";
  on?: boolean; // what it does is in force, and its label says how to end it
  disabled?: boolean;
  why?: string; // it is disabled
  id?: string;
}

export function Button({ label, act, icon, shortcut, kind, on, disabled, why, id }: ButtonProps) {
  const shown = shortcut && settings.value.shortcuts;
  return (
    <button type="button" id={id} class={`button ${kind ?? ""} ${on ? "on" : ""}`} onClick={act} disabled={disabled} title={disabled ? why : undefined} aria-keyshortcuts={shown ? `Alt+${shortcut}` : undefined}>
      {icon && <Icon name={icon} />}
      <span>{label}</span>
      {shown && <kbd aria-hidden="true">Alt {shortcut}</kbd>}
    </button>
  );
}

// Dialog is a window over the page while it is there. Escape closes it.
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const place = useRef<HTMLDialogElement>(null);
  useEffect(() => place.current?.showModal(), []);
  return (
    <dialog ref={place} aria-labelledby="dialog-title" onClose={close} onCancel={close}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

// Alarm says an error at once.
export function Alarm({ message, close }: { message: string; close?: () => void }) {
  return (
    <div role="alert" class="alarms">
      {message && (
        <div class="alarm">
          <Icon name="warning" />
          <p>{message}</p>
          {close && (
            <button type="button" class="plain" onClick={close} aria-label={text.value.close}>
              ×
            </button>
          )}
        </div>
      )}
    </div>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
