import { REDACTED, type Secret } from './secret.ts';

export type Variable = readonly [name: string, value: string | Secret | undefined];

/**
 * A variable with this value is printed as `NAME="$PWD"`. The command is then right only in the root of the checkout.
 */
export const HERE = Symbol('the working directory');

/**
 * A command to type into a POSIX shell, with its variables in front; unset variables are left out. A secret appears as
 * `'<redacted>'`, quoted because the shell would otherwise take `<` and `>` for redirections.
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
