import { cleanLine } from '@deploy/cli';
import { parse } from 'smol-toml';
import { InputsUnknown } from './unknown.ts';

/** Parses a file of cargo's. Throws InputsUnknown when it is not TOML. */
export function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    throw new InputsUnknown(`${path}: ${cleanLine(String(error), 200)}`);
  }
}
