// Everything that the page says, in Italian and in English.

import { computed, signal } from "@preact/signals";
import { english } from "./text.en";
import { italian } from "./text.it";
import { settings } from "./settings";

export type Text = typeof italian;

const preferred = signal(navigator.language.toLowerCase().startsWith("en") ? "en" : "it");

// language is what the page speaks: what was chosen, else the browser's.
export const language = computed(() => settings.value.language || preferred.value);
export const text = computed<Text>(() => (language.value === "en" ? english : italian));

// named gives the words for a name of the service, or the name itself, legible.
export function named(words: Record<string, string>, name: string | undefined): string {
  if (!name) return "";
  return words[name] ?? (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("-", " ");
}

// clock writes seconds as 0:07, 12:05 or 1:02:03.
export function clock(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

export function date(iso: string): string {
  return new Intl.DateTimeFormat(language.value, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(iso));
}

export function between(from: string, to: string): string {
  return new Intl.DateTimeFormat(language.value, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).formatRange(new Date(from), new Date(to));
}

export function moment(iso: string): string {
  return new Intl.DateTimeFormat(language.value, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(iso));
}

// age is how many years lie between a day of birth and today.
export function age(birth: string, today = new Date()): number {
  const [y, m, d] = birth.split("-").map(Number) as [number, number, number];
  const before = today.getMonth() + 1 < m || (today.getMonth() + 1 === m && today.getDate() < d);
  return today.getFullYear() - y - (before ? 1 : 0);
}

// telephone writes an Italian number as it is said: the prefix apart. Prefixes of
// landlines are 02 and 06, three figures when the third is 0, 1, 5 or 9, else four.
export function telephone(number: string): string {
  if (!/^[03][0-9]+$/.test(number)) return number;
  if (number.startsWith("3")) return spaced(number, 3, 3, 4);
  const prefix = /^0[26]/.test(number) ? 2 : /^0.[0159]/.test(number) ? 3 : 4;
  return spaced(number, prefix, Math.ceil((number.length - prefix) / 2));
}

// spaced makes a long number or code legible.
export function spaced(figures: string, ...groups: number[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const g of groups) {
    if (at < figures.length) parts.push(figures.slice(at, at + g));
    at += g;
  }
  if (at < figures.length) parts.push(figures.slice(at));
  return parts.join(" ");
}
