import { cleanLine } from './clean-text.ts';
import { UserError } from './errors.ts';
import { printedByContract, Secret } from './secret.ts';

/** One environment variable: its name, its meaning, and how its text becomes a value. */
export type Setting<T> = {
  readonly name: string;
  readonly meaning: string;
  /** The default as the help shows it, such as `us-central1`. Missing if the setting has none. */
  readonly defaultText?: string;
  readonly secret?: true;
  parse(text: string | undefined): T;
};

export type Settings = Record<string, Setting<unknown>>;

export type SettingsOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a script's settings from the environment, once, into a plain typed object. An empty variable counts as unset,
 * and an unknown one is ignored. Throws a UserError that names the variable when a value cannot be used.
 */
export function readSettings<S extends Settings>(environment: Environment, settings: S): SettingsOf<S> {
  const values = Object.entries(settings).map(([key, setting]) => {
    const text = environment[setting.name];
    const value = setting.parse(text === '' ? undefined : text);
    if (typeof value === 'string' && !setting.secret) printedByContract(value);
    return [key, value];
  });
  // The type holds because the entries were made from `settings`, key by key.
  return Object.fromEntries(values) as SettingsOf<S>;
}

export function text(name: string, meaning: string): Setting<string | undefined> {
  return { name, meaning, parse: (value) => value };
}

export function textWithDefault(name: string, defaultText: string, meaning: string): Setting<string> {
  return { name, meaning, defaultText, parse: (value) => value ?? defaultText };
}

/** The pattern that a secret must match, and the error that explains a mismatch without quoting the value. */
type SecretRule = { pattern: RegExp; refusal: string; hint: string };

// Secret Manager stores no secret larger than this (https://cloud.google.com/secret-manager/quotas). With a secret of a
// megabyte, searching all output for its encoded forms would take seconds.
const LONGEST_SECRET = 64 * 1024;

/** A setting whose value must never be shown. */
export function secretText(name: string, meaning: string, rule?: SecretRule): Setting<Secret | undefined> {
  return {
    name,
    meaning,
    secret: true,
    parse(value) {
      if (value === undefined) return undefined;
      if (value.length > LONGEST_SECRET)
        throw new UserError(
          `${name} has ${value.length} characters, but a secret has at most ${LONGEST_SECRET}`,
          {
            hint: 'Give the token itself. Was a whole file read into it?',
          },
        );
      if (rule === undefined || rule.pattern.test(value)) return new Secret(value);
      throw new UserError(`${name} ${rule.refusal}`, { hint: rule.hint });
    },
  };
}

/** A secret that is sent in a request header, which allows only visible ASCII characters. */
export function tokenText(name: string, meaning: string): Setting<Secret | undefined> {
  return secretText(name, meaning, {
    pattern: /^[\x21-\x7e]+$/,
    refusal: 'contains a space, a line break or another character that tokens never contain',
    hint: 'Give the token alone, as it was issued.',
  });
}

/** A switch: `1` is on, `0` is off. Anything else is refused, so that `DRY_RUN=true` does not start a real run. */
export function flag(name: string, meaning: string, defaultOn = false): Setting<boolean> {
  return {
    name,
    meaning,
    defaultText: defaultOn ? '1' : '0',
    parse(value) {
      if (value === undefined) return defaultOn;
      if (value === '1') return true;
      if (value === '0') return false;
      throw new UserError(`${name} is ${quoted(value)}, but a switch is 1 (on) or 0 (off)`, {
        hint: `Set ${name}=1 or ${name}=0, or leave it unset (${defaultOn ? '1' : '0'}).`,
      });
    },
  };
}

type NumberBounds = { min: number; max: number; default: number };

/** A whole number within bounds, in plain decimal. */
export function wholeNumber(name: string, bounds: NumberBounds, meaning: string): Setting<number> {
  return boundedNumber(name, bounds, meaning, { pattern: /^\d{1,15}$/, kind: 'a whole number' });
}

/** A number within bounds, in plain decimal, with or without a fraction. */
export function decimalNumber(name: string, bounds: NumberBounds, meaning: string): Setting<number> {
  return boundedNumber(name, bounds, meaning, { pattern: /^\d{1,15}(?:\.\d{1,15})?$/, kind: 'a number' });
}

function boundedNumber(
  name: string,
  { min, max, default: byDefault }: NumberBounds,
  meaning: string,
  { pattern, kind }: { pattern: RegExp; kind: string },
): Setting<number> {
  return {
    name,
    meaning,
    defaultText: String(byDefault),
    parse(value) {
      if (value === undefined) return byDefault;
      const number = pattern.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      throw new UserError(`${name} is ${quoted(value)}, but must be ${kind} from ${min} to ${max}`);
    },
  };
}

/** Quotes a value on one line and makes a trailing blank or line break visible. */
function quoted(value: string): string {
  return cleanLine(JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value), 400);
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A time span such as `90s`, `30m`, `12h` or `7d`; the value is in milliseconds. */
export function duration(name: string, defaultText: string, meaning: string): Setting<number> {
  return {
    name,
    meaning,
    defaultText,
    parse(value = defaultText) {
      const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
      if (count !== undefined) return Number(count) * SECONDS[unit as keyof typeof SECONDS] * 1000;
      throw new UserError(`${name} is ${quoted(value)}, but must be a time span such as 30m, 12h or 7d`);
    },
  };
}

const FORMATS = ['auto', 'text', 'json'] as const;

/**
 * An output format, for which every script takes the same words. `older` translates the words of earlier versions,
 * which still work.
 */
export function outputFormat<const O extends string = never>(
  name: string,
  meaning: string,
  older: Readonly<Record<string, 'text' | O>> = {},
): Setting<(typeof FORMATS)[number] | O> {
  const today = oneOf(name, FORMATS, meaning);
  return { ...today, parse: (value) => older[value ?? ''] ?? today.parse(value) };
}

export function oneOf<const W extends string>(
  name: string,
  words: readonly [W, ...W[]],
  meaning: string,
): Setting<W> {
  return {
    name,
    meaning: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}: ${meaning}`,
    defaultText: words[0],
    parse(value) {
      if (value === undefined) return words[0];
      const word = words.find((each) => each === value);
      if (word !== undefined) return word;
      throw new UserError(`${name} is ${quoted(value)}, but must be one of: ${words.join(', ')}`);
    },
  };
}
