import { isUtf8 } from 'node:buffer';
import { cleanLine, cleanText, redact, UserError } from '@deploy/cli';
import type { ReportRecord } from '../record/schema.ts';
import { shorten } from '../record/shorten.ts';
import { renderSections } from './body.ts';
import { dataBlock, FOLD, yamlOf } from './data.ts';
import type { PeoplesText, Remark } from './people/people.ts';
import { tokensOf } from './people/tokens.ts';
import { LONGEST_DATA, type Report, readDocument } from './read.ts';

/** People's part of a new report: a place for notes. */
export const nobodysText: PeoplesText = {
  remarks: [],
  comments: [],
  notes: `## Notes

<!-- Whatever you write here or elsewhere in this file is kept. Every command rewrites the rest. -->
`,
};

/**
 * Writes a report as the bytes of its file. People's text stays as it is, except that secrets in it are redacted too:
 * reports get committed, and a token that somebody pasted into one would leak. Throws a UserError when the result could
 * not be read back.
 */
export function writeDocument({ record, people }: Report, file: string): Buffer {
  const text = assemble(shorten(cleanRecord(record), fits), people);
  const bytes = Buffer.from(text, 'latin1');
  requireReadable(bytes, file);
  return bytes;
}

/**
 * A copy of a record in which every text is a single line of about 500 characters at most, without control characters
 * or known secrets. Texts are redacted before they are cut, because half a secret would not be recognised.
 */
function cleanRecord(record: ReportRecord): ReportRecord {
  // Only the contents of strings change, so the type still holds.
  return clean(record) as ReportRecord;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(redact(cleanText(value))).toWellFormed();
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, clean(each)]));
  }
  return value;
}

/**
 * The whole file, one character for each byte (latin1). The data at its end lists a key for each piece of text that the
 * scripts wrote. Whoever reads the file later takes all other text for people's.
 */
function assemble(record: ReportRecord, people: PeoplesText): string {
  const parts: string[] = [];
  const written: string[] = [];
  const ours = (text: string): void => {
    parts.push(text);
    written.push(keysIn(text));
  };
  const theirs = ({ tableHead, text }: Remark): void => {
    parts.push(tableHead === undefined ? redacted(text) : `${tableHead}\n${redacted(text)}`);
    if (tableHead !== undefined) written.push(keysIn(tableHead));
  };

  const sections = renderSections(record).map((section) => redacted(utf8(section)));
  const places = placesOf(sections, people.remarks);
  for (const remark of places.top) theirs(remark);
  for (const [index, section] of sections.entries()) {
    ours(section);
    for (const remark of places.after[index] ?? []) theirs(remark);
  }
  const data = dataBlock(record, [...written, keysIn(FOLD)], people.comments);
  parts.push(FOLD, redacted(utf8(data)));
  const notes = people.notes === '' ? '' : `\n${redacted(people.notes)}`;
  return `${parts.join('\n\n')}\n${notes}`;
}

/** Puts each remark at the end of its section, or of the last section when its own is gone. */
function placesOf(
  sections: readonly string[],
  remarks: readonly Remark[],
): { top: Remark[]; after: Remark[][] } {
  const places = { top: [] as Remark[], after: sections.map((): Remark[] => []) };
  for (const remark of remarks) {
    if (remark.section === undefined) places.top.push(remark);
    else places.after[placeOf(sections, remark.section)]?.push(remark);
  }
  return places;
}

function placeOf(sections: readonly string[], heading: string): number {
  // The title is in the first section. It cannot be found by its key, because it differs by service and version.
  if (heading === '' || heading.startsWith('# ')) return 0;
  const [key] = tokensOf(heading);
  // A folded section has its heading inside the fold.
  const index = sections.findIndex((section) => tokensOf(section).some((token) => token.key === key?.key));
  return index === -1 ? sections.length - 1 : index;
}

function keysIn(text: string): string {
  return tokensOf(text)
    .map(({ key }) => key)
    .join(' ');
}

function fits(record: ReportRecord): boolean {
  // The record may take up 80 % of the data. The rest is for the keys that `assemble` collects in `written`.
  const most = LONGEST_DATA * 0.8;
  // The YAML is never four times as long as the JSON, which is much faster to make. So only a long record needs both.
  return JSON.stringify(record).length <= most / 4 || yamlOf(record).length <= most;
}

function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

// People's text may not be UTF-8. Decoding such text as UTF-8 would change it, so it is redacted as latin1.
function redacted(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? utf8(redact(bytes.toString())) : redact(text);
}

// If a secret is an ordinary word such as `name`, redacting it breaks the record. In that case, this throws before the
// report is written.
function requireReadable(bytes: Buffer, file: string): void {
  try {
    readDocument(bytes, file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`the evidence report would be unreadable after redaction: ${error.message}`, {
      hint: 'One of the tokens may be an ordinary word. Use a random one.',
      cause: error,
    });
  }
}
