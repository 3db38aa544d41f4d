import { isUtf8 } from 'node:buffer';
import { redact, UserError } from '@deploy/cli';
import { cleanValue } from '../record/clean.ts';
import type { ReportRecord } from '../record/schema.ts';
import { shorten } from '../record/shorten.ts';
import { renderSections } from './body.ts';
import { dataBlock, FOLD, yamlOf } from './data.ts';
import type { PeoplesText, Remark } from './people/people.ts';
import { tokensOf } from './people/tokens.ts';
import { LONGEST_DATA, type Report, readDocument } from './read.ts';

/** What a new report has of people: a place for their notes. */
export const nobodysText: PeoplesText = {
  remarks: [],
  comments: [],
  notes: `## Notes

<!-- Yours: whatever you write, here or elsewhere in this file, is kept. The rest is written anew by every command. -->
`,
};

/**
 * A report as the bytes of its file. Redaction runs over all of it, over what people wrote too: that is kept to the
 * letter, but files like this get committed, and a token pasted into one is a token lost. Throws a UserError when what
 * would be written could not be read again.
 */
export function writeDocument({ record, people }: Report, file: string): Buffer {
  const text = assemble(shorten(cleanValue(record), fits), people);
  const bytes = Buffer.from(text, 'latin1');
  requireReadable(bytes, file);
  return bytes;
}

/** The whole file as latin1. Its data names what of it the scripts wrote, so that the rest is known as people's. */
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

/** Where each remark goes: to the end of the section that it stood in, or of the last one where that is gone. */
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
  // The title changes with the service and the version; before it stands a comment.
  if (heading === '' || heading.startsWith('# ')) return 0;
  const [key] = tokensOf(heading);
  const index = sections.findIndex((section) => tokensOf(section)[0]?.key === key?.key);
  return index === -1 ? sections.length - 1 : index;
}

function keysIn(text: string): string {
  return tokensOf(text)
    .map(({ key }) => key)
    .join(' ');
}

function fits(record: ReportRecord): boolean {
  // The keys of what was written come on top.
  return yamlOf(record).length <= LONGEST_DATA * 0.8;
}

function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

// A byte that is no UTF-8 would not survive being decoded; in latin1 every byte does.
function redacted(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? utf8(redact(bytes.toString())) : redact(text);
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
