import type { Setting } from './settings.ts';
import { pathOfCaller } from './target-checkout.ts';

/** A setting that names a file or a folder, as an absolute path. `word`, if given, is a value that is kept as it is. */
export function path(name: string, meaning: string, word?: string): Setting<string | undefined> {
  return {
    name,
    meaning,
    parse: (value) => (value === undefined || value === word ? value : pathOfCaller(value)),
  };
}
