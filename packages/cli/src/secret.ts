import { inspect } from 'node:util';
import { formsOf } from './secret-forms.ts';

export const REDACTED = '<redacted>';

/** All forms, plain and encoded, of the values that are certainly secret. */
const known = new Set<string>();
/** All forms, plain and encoded, of the values that are probably secret. Each form is mapped to its plain value. */
const guessed = new Map<string, string>();
/** Values that the script must print, such as a region, even if they look like secrets. */
const contract = new Set<string>();

/** What `secretValues` returned last; undefined when a value has been added since. */
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

/** Makes `redact` remove a value that is only probably secret, unless the script must print it. */
export function redactGuess(value: string): void {
  for (const form of formsOf(value)) guessed.set(form, value);
  forms = undefined;
}

/** Makes `redact` remove the forms that another process of ours got from `secretValues` and passed to this one. */
export function redactForms(given: readonly string[]): void {
  for (const form of given) known.add(form);
  forms = undefined;
}

/** Marks a value that the script must print, such as the region in `--region us-central1`. */
export function printedByContract(value: string): void {
  // If the value is a URL, the name and the password in it stay secret.
  contract.add(value.replace(/\/\/[^/?#]*@/g, '//'));
  forms = undefined;
}

/**
 * All forms of secrets that `redact` removes. Never show them. They are meant for those of our own child processes that
 * must remove them as well.
 */
export function secretValues(): string[] {
  const printed = [...contract];
  const guesses = [...guessed].flatMap(([form, value]) =>
    printed.some((text) => text.includes(value)) ? [] : [form],
  );
  return [...known, ...guesses];
}

/**
 * Replaces every known secret in a text by `<redacted>`, even if it is URL-encoded or in JSON, HTML or base64. Remove
 * escape sequences with `cleanText` first, because they could split a secret.
 */
export function redact(text: string): string {
  forms ??= secretValues();
  // Replace longer forms first: if a shorter form inside one went first, the rest of the longer one would stay visible.
  const met = forms.filter((form) => text.includes(form)).sort((a, b) => b.length - a.length);
  if (met.length === 0) return text;
  const isLong = (form: string): boolean => form.length > LONGEST_IN_A_PATTERN;
  const withoutLong = met.filter(isLong).reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
  const others = met.filter((form) => !isLong(form));
  return others.length === 0 ? withoutLong : withoutLong.replace(patternOf(others), REDACTED);
}

// A regular expression can hold only a few hundred thousand characters, so forms longer than this are replaced one by
// one.
const LONGEST_IN_A_PATTERN = 1000;

function patternOf(longestFirst: readonly string[]): RegExp {
  return new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
}
