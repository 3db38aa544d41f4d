import { closestMatch, default as distance } from 'leven';
import type { Environment, Settings } from './settings.ts';

/** A variable that no setting reads, and the setting that was probably meant. */
export type Misspelling = { variable: string; meant: string };

// A name shorter than this may have only one slip (a wrong, missing or extra letter): two slips too easily turn one
// short word into another.
const SHORTEST_LOOSE_NAME = 10;

/**
 * The variables that are probably misspelt settings: one or two slips away from the name of a setting that is unset.
 * (Whoever has set a setting knows its name, so a variable with a similar name must be something else.)
 */
export function misspelledVariables(env: Environment, settings: Settings): Misspelling[] {
  const known = Object.values(settings).map(({ name }) => name);
  const unset = known.filter((name) => !env[name]);
  const strangers = Object.keys(env).filter((variable) => env[variable] && !known.includes(variable));
  return strangers.flatMap((variable) => {
    const meant = closestMatch(variable.toUpperCase(), unset, { maxDistance: 2 });
    const isNear = meant !== undefined && isWithinSlips(variable.toUpperCase(), meant);
    return isNear ? [{ variable, meant }] : [];
  });
}

/** The known word that was probably meant: the nearest one that is at most `maxDistance` away. */
export function suggestWord(
  word: string,
  known: readonly string[],
  maxDistance = Math.max(1, Math.floor(word.length / 3)),
): string | undefined {
  return closestMatch(word.toLowerCase(), known, { maxDistance });
}

/** Two swapped neighbouring letters count as one slip, although `distance` counts two. */
function isWithinSlips(variable: string, name: string): boolean {
  return distance(variable, name) <= slips(name) || isTransposed(variable, name);
}

function isTransposed(one: string, other: string): boolean {
  const at = [...one].findIndex((letter, i) => letter !== other[i]);
  const turned = `${one.slice(0, at)}${one[at + 1] ?? ''}${one[at]}${one.slice(at + 2)}`;
  return at >= 0 && turned === other;
}

function slips(name: string): number {
  return name.length < SHORTEST_LOOSE_NAME ? 1 : 2;
}
