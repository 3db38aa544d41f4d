import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { cleanLine, UserError } from '@deploy/cli';
import { InputsUnknown } from './fingerprint-inputs.ts';
import { type GateId, gateIds } from './gates.ts';

/**
 * A file or folder of the checkout that one gate (or every gate, if `gate` is undefined) reads in a way that we cannot
 * detect.
 */
export type ExtraInput = { gate: GateId | undefined; path: string };

const FILE = '.gates-inputs';

/** Reads GATES_EXTRA_INPUTS: `path` or `gate:path`, separated by commas. Throws a UserError for anything else. */
export function parseExtraInputs(text: string | undefined): ExtraInput[] {
  const entries = (text ?? '').split(',').filter((entry) => entry.trim() !== '');
  return entries.map((entry) => {
    const parsed = parseEntry(entry);
    if (typeof parsed !== 'string') return parsed;
    throw new UserError(`GATES_EXTRA_INPUTS has "${cleanLine(entry, 60)}": ${parsed}`, {
      hint: 'Each entry is a path relative to the checkout, or gate:path. Separate them by commas.',
    });
  });
}

/**
 * The extra inputs that a checkout lists in its `.gates-inputs`, one per line; `#` begins a comment. Throws
 * InputsUnknown for an invalid line.
 */
export async function readExtraInputs(root: string): Promise<ExtraInput[]> {
  const text = await readFile(join(root, FILE), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line));
  return lines.map((line) => {
    const parsed = parseEntry(line);
    if (typeof parsed !== 'string') return parsed;
    throw new InputsUnknown(`${FILE} has "${cleanLine(line, 60)}": ${parsed}`);
  });
}

/** The entry, or a message that says what is wrong with it. */
function parseEntry(text: string): ExtraInput | string {
  const [, gate, named = ''] = /^(?:([\w-]+):)?(.*)$/.exec(text.trim()) ?? [];
  const known = gateIds.find((id) => id === gate);
  if (gate !== undefined && known === undefined) return `there is no gate ${gate}`;
  const path = normalize(named.trim()).replace(/\/$/, '');
  if (path === '.' || isAbsolute(path) || path.startsWith('..')) return 'that is not a path in the checkout';
  return { gate: known, path };
}
