import { inspect } from 'node:util';
import { formsOf } from './secret-forms.ts';

export const REDACTED = '<redacted>';

/** Forms of values that the script was given as secrets. */
const known = new Set<string>();
/** Forms of values that are secrets by the names of their variables only, each with the value. */
const guessed = new Map<string, string>();
/** What the script prints by contract, such as a region: a guess must not blank it. */
const contract = new Set<string>();

/** All forms, until one is added. */
let forms: readonly string[] | undefined;

/**
 * A value that must not be seen. Printing, inspecting, serialising or concatenating it gives `<redacted>`; only
 * `reveal()` gives the value. Wrapping a value also makes `redact` remove it from any text from then on.
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

/** Makes `redact` remove a value that is a secret by its variable's name, unless it is what the script prints by contract. */
export function redactGuess(value: string): void {
  for (const form of formsOf(value)) guessed.set(form, value);
  forms = undefined;
}

/** Makes `redact` remove forms that a process of ours has from `secretValues`. */
export function redactForms(given: readonly string[]): void {
  for (const form of given) known.add(form);
  forms = undefined;
}

/** Says that a value is printed by contract, such as the region in `--region us-central1`. */
export function printedByContract(value: string): void {
  // A name and a password in a URL are never part of it.
  contract.add(value.replace(/\/\/[^/?#]*@/g, '//'));
  forms = undefined;
}

/** What `redact` removes, for processes of our own that must remove it as well; not for anything that is shown. */
export function secretValues(): string[] {
  const printed = [...contract];
  const guesses = [...guessed].flatMap(([form, value]) =>
    printed.some((text) => text.includes(value)) ? [] : [form],
  );
  return [...known, ...guesses];
}

/**
 * The text with every known secret replaced by `<redacted>`, also where it stands URL-encoded, in JSON, in HTML or in
 * base64, alone or with something before it. Escape sequences that split a secret must be gone already (`cleanText`).
 */
export function redact(text: string): string {
  forms ??= secretValues();
  // The longest first, so that no part of a secret is left.
  const met = forms.filter((form) => text.includes(form)).sort((a, b) => b.length - a.length);
  if (met.length === 0) return text;
  const isLong = (form: string): boolean => form.length > LONGEST_IN_A_PATTERN;
  const withoutLong = met.filter(isLong).reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
  const others = met.filter((form) => !isLong(form));
  return others.length === 0 ? withoutLong : withoutLong.replace(patternOf(others), REDACTED);
}

// A regular expression may not be larger than some hundred thousand characters, and a secret may.
const LONGEST_IN_A_PATTERN = 1000;

function patternOf(longestFirst: readonly string[]): RegExp {
  return new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
}
