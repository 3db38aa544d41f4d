import { REDACTED, type Secret } from '@deploy/cli';

export type Variable = readonly [name: string, value: string | Secret | undefined];

/** The root of the checkout that a command is typed in: a word for the shell. */
export const HERE = Symbol('the working directory');

/**
 * A command as it is typed into a POSIX shell, with its variables in front; those without a value are left out. A
 * secret's place is marked, in quotes, since the mark would be a redirection without them.
 */
export function commandLine(
  variables: readonly (Variable | readonly [name: string, value: typeof HERE])[],
  words: readonly string[],
): string {
  const assignments = variables.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${shownValue(value)}`],
  );
  return [...assignments, ...words.map(quote)].join(' ');
}

function shownValue(value: string | Secret | typeof HERE): string {
  if (value === HERE) return '"$PWD"';
  return quote(typeof value === 'string' ? value : REDACTED);
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
