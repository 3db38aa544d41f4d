import { inspect } from 'node:util';
import { formsOf } from './secret-forms.ts';

export const REDACTED = '<redacted>';

/** The forms of all values that the script was given as secrets. */
const known = new Set<string>();
/** The forms of values that are only guessed to be secrets, from the names of their variables, each with the value. */
const guessed = new Map<string, string>();
/** Values that the script must print, such as a region. A guess must not blank them out. */
const contract = new Set<string>();

/** All forms, cached until another one is added. */
let forms: readonly string[] | undefined;

/**
 * A value that must not be seen. Printing, inspecting, serialising or concatenating it gives `<redacted>`; only
 * `reveal()` gives the value. Once a value is wrapped, `redact` also removes it from any text.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    for (const form of formsOf(value)) known.add(form);
    forms = undefined;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/**
 * Makes `redact` remove a value that is probably secret because of its variable's name, unless the script must print
 * it.
 */
export function redactGuess(value: string): void {
  for (const form of formsOf(value)) guessed.set(form, value);
  forms = undefined;
}

/** Makes `redact` remove forms that another process of ours passed on from `secretValues`. */
export function redactForms(given: readonly string[]): void {
  for (const form of given) known.add(form);
  forms = undefined;
}

/** Marks a value that the script must print, such as the region in `--region us-central1`. */
export function printedByContract(value: string): void {
  // Such a value never includes the name and the password in a URL.
  contract.add(value.replace(/\/\/[^/?#]*@/g, '//'));
  forms = undefined;
}

/** What `redact` removes, for our own child processes that must remove it as well. Never show it. */
export function secretValues(): string[] {
  const printed = [...contract];
  const guesses = [...guessed].flatMap(([form, value]) =>
    printed.some((text) => text.includes(value)) ? [] : [form],
  );
  return [...known, ...guesses];
}

/**
 * Replaces every known secret in a text by `<redacted>`, even if it is URL-encoded or in JSON, HTML or base64, alone or
 * after other text. Escape sequences that could split a secret must be removed before (`cleanText`).
 */
export function redact(text: string): string {
  forms ??= secretValues();
  // Replace the longest forms first, so that no part of a secret is left.
  const met = forms.filter((form) => text.includes(form)).sort((a, b) => b.length - a.length);
  if (met.length === 0) return text;
  const isLong = (form: string): boolean => form.length > LONGEST_IN_A_PATTERN;
  const withoutLong = met.filter(isLong).reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
  const others = met.filter((form) => !isLong(form));
  return others.length === 0 ? withoutLong : withoutLong.replace(patternOf(others), REDACTED);
}

// A regular expression is limited to some hundred thousand characters, and a secret may be longer.
const LONGEST_IN_A_PATTERN = 1000;

function patternOf(longestFirst: readonly string[]): RegExp {
  return new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
}
