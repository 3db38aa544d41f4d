import type { Environment, Settings } from './settings.ts';

/** A variable that nobody reads, and the setting that was probably meant. */
export type Misspelling = { variable: string; meant: string };

// A short name has too many neighbours that mean something else.
const SHORTEST_LOOSE_NAME = 10;

/**
 * The variables that look like a setting and are none: a slip or two of the finger away from the name of one that is
 * itself unset. Whoever has set that one knows its name, and what is near it is something else.
 */
export async function misspelledVariables(env: Environment, settings: Settings): Promise<Misspelling[]> {
  const known = Object.values(settings).map(({ name }) => name);
  const unset = known.filter((name) => !env[name]);
  const strangers = Object.keys(env).filter((variable) => env[variable] && !known.includes(variable));
  const near = strangers.flatMap((variable) => {
    const candidates = unset.filter((name) => mayBeNear(variable.toUpperCase(), name));
    return candidates.length === 0 ? [] : [{ variable, candidates }];
  });
  // Rarely anything is left to measure, and only then is it worth loading what measures.
  if (near.length === 0) return [];
  const { closestMatch, default: distance } = await import('leven');
  return near.flatMap(({ variable, candidates }) => {
    const meant = closestMatch(variable.toUpperCase(), candidates);
    const isNear = meant !== undefined && distance(variable.toUpperCase(), meant) <= slips(meant);
    return isNear ? [{ variable, meant }] : [];
  });
}

/** The word that was probably meant, of those that are known. */
export async function suggestWord(word: string, known: readonly string[]): Promise<string | undefined> {
  const { closestMatch } = await import('leven');
  return closestMatch(word.toLowerCase(), known, { maxDistance: Math.max(1, Math.floor(word.length / 3)) });
}

function slips(name: string): number {
  return name.length < SHORTEST_LOOSE_NAME ? 1 : 2;
}

// So many slips leave at least one of one more pieces of the name as it is.
function mayBeNear(variable: string, name: string): boolean {
  const most = slips(name);
  if (Math.abs(variable.length - name.length) > most) return false;
  const size = Math.ceil(name.length / (most + 1));
  return Array.from({ length: most + 1 }, (_, i) => name.slice(i * size, (i + 1) * size)).some((piece) =>
    variable.includes(piece),
  );
}
