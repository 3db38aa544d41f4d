import { inspect } from 'node:util';

export const REDACTED = '<redacted>';

// Shorter values would blank out ordinary words and digits everywhere, machine-read output included.
const SHORTEST_REDACTED = 4;

const knownForms = new Set<string>();

/**
 * A value that must not be seen. Printing, inspecting, serialising or concatenating it gives `<redacted>`; only
 * `reveal()` gives the value. Wrapping a value also makes `redact` remove it from any text from then on.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    rememberForms(value);
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

/** What `redact` removes, for processes of our own that must remove it as well; not for anything that is shown. */
export function secretValues(): string[] {
  return [...knownForms];
}

/** The text with every known secret replaced by `<redacted>`, also where it stands URL-encoded, in JSON or in base64. */
export function redact(text: string): string {
  let clean = text;
  for (const form of [...knownForms].sort((a, b) => b.length - a.length)) {
    clean = clean.replaceAll(form, REDACTED);
  }
  return clean;
}

function rememberForms(value: string): void {
  const forms = [
    value,
    // Half a surrogate pair has no URL-encoding.
    encodeURIComponent(value.toWellFormed()),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('base64url'),
  ];
  for (const form of forms) {
    if (form.length >= SHORTEST_REDACTED) knownForms.add(form);
  }
}
