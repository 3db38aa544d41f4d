import { isUtf8 } from 'node:buffer';
import { redact, UserError } from '@deploy/cli';
import { stringify } from 'yaml';
import { cleanValue } from '../record/clean.ts';
import type { ReportRecord } from '../record/schema.ts';
import { shorten } from '../record/shorten.ts';
import { renderBody } from './body.ts';
import { LONGEST_FRONT_MATTER, type Report, readDocument } from './read.ts';

const EMPTY_NOTES = `## Notes

<!-- Yours: what stands from this heading on is kept as it is. Everything above is written anew by every command. -->
`;

/**
 * A report as the bytes of its file. Redaction runs over all of it as the last step, over the notes too: they are
 * people's words and kept to the letter, but files like this get committed, and a token pasted into one is a token
 * lost. Throws a UserError when what would be written could not be read again.
 */
export function writeDocument({ record, notes }: Report, file: string): Buffer {
  const bytes = Buffer.concat([
    Buffer.from(redact(frontMatterAndBody(shorten(cleanValue(record), fits)))),
    notes === undefined ? Buffer.from(EMPTY_NOTES) : redactBytes(notes),
  ]);
  requireReadable(bytes, file);
  return bytes;
}

function frontMatterAndBody(record: ReportRecord): string {
  return `---\n${frontMatter(record)}---\n\n${renderBody(record)}\n\n`;
}

function frontMatter(record: ReportRecord): string {
  // Unfolded, since a fold would hide a secret from redaction; quoted so that readers of YAML 1.1 see the same.
  return stringify(record, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}

function fits(record: ReportRecord): boolean {
  return frontMatter(record).length <= LONGEST_FRONT_MATTER;
}

// A byte that is no UTF-8 would not survive being decoded; in latin1 every byte does.
function redactBytes(notes: Buffer): Buffer {
  const encoding = isUtf8(notes) ? 'utf8' : 'latin1';
  return Buffer.from(redact(notes.toString(encoding)), encoding);
}

// A secret that is an ordinary word, `name` say, takes the record apart when it is redacted.
function requireReadable(bytes: Buffer, file: string): void {
  try {
    readDocument(bytes, file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`the evidence cannot be written so that it can be read again: ${error.message}`, {
      hint: 'Is one of the tokens an ordinary word? Use a random one.',
      cause: error,
    });
  }
}
