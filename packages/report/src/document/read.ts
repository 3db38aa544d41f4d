import { cleanLine, errorMessage, UserError } from '@deploy/cli';
import { parse } from 'yaml';
import { checkRecord } from '../record/check.ts';
import type { ReportRecord } from '../record/schema.ts';
import { splitDocument } from './parts.ts';

export type Report = {
  record: ReportRecord;
  /** The section that belongs to people, from its heading to the end of the file. */
  notes: Buffer | undefined;
};

/** In characters. The YAML parser takes half a minute for a megabyte of quotation marks. */
export const LONGEST_FRONT_MATTER = 256 * 1024;

/** Reads a report's file. Throws a UserError that names the file, and the place in the record that is wrong. */
export function readDocument(bytes: Buffer, file: string): Report {
  const parts = splitDocument(bytes);
  if (parts === undefined) throw broken(file, 'it has no front matter');
  if (parts.frontMatter.length > LONGEST_FRONT_MATTER) throw broken(file, 'its front matter is too long');
  const checked = checkRecord(readYaml(parts.frontMatter, file));
  if (!checked.ok) throw broken(file, checked.why);
  return { record: checked.record, notes: parts.notes };
}

function readYaml(text: string, file: string): unknown {
  try {
    // Nothing that is written here has anchors, and a few lines of them can grow without bounds.
    return parse(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    throw broken(file, errorMessage(error), error);
  }
}

function broken(file: string, why: string, cause?: unknown): UserError {
  return new UserError(`${file} is no readable evidence report: ${cleanLine(why, 300)}`, {
    hint: 'Put its front matter right, or move the file away.',
    cause,
  });
}
