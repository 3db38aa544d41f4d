import { cleanLine, errorMessage, UserError } from '@deploy/cli';
import { checkRecord } from '../record/check.ts';
import type { ReportRecord } from '../record/schema.ts';
import { renderSections } from './body.ts';
import { type Data, findData, parseData } from './data.ts';
import { type PeoplesText, remarksIn } from './people/people.ts';
import { tokensOf } from './people/tokens.ts';
import { splitVersion1, tablesOfVersion1, wroteVersion1 } from './version-1.ts';

export type Report = { record: ReportRecord; people: PeoplesText };

/** The byte order mark that some editors write at the start of a UTF-8 file, as it looks when read as latin1. */
const BYTE_ORDER_MARK = /^\xef\xbb\xbf/;

/** The longest data to parse, in characters. A megabyte of quotation marks takes the YAML parser half a minute. */
export const LONGEST_DATA = 256 * 1024;

// The report that was read last. A command reads the same bytes several times: to find the report, to join it, and to
// check what it has just written.
let latest: { bytes: Buffer; report: Report } | undefined;

/**
 * Reads a report's file: its record, and everything that people wrote in it. Throws a UserError that names the file and
 * says what is wrong with it.
 */
export function readDocument(bytes: Buffer, file: string): Report {
  if (latest?.bytes.equals(bytes) !== true) latest = { bytes, report: parseReport(bytes, file) };
  return structuredClone(latest.report);
}

function parseReport(bytes: Buffer, file: string): Report {
  // In latin1 each character is one byte, so people's text stays the same whatever its encoding.
  const text = bytes.toString('latin1');
  const conflict = conflictLine(text);
  if (conflict !== undefined) {
    throw broken(
      file,
      `a merge left a conflict in line ${conflict}`,
      'Resolve the conflict and keep all entries of both sides.',
    );
  }
  const [found, ...others] = findData(text);
  if (others.length > 0)
    throw broken(file, 'it holds its data twice', 'Merge the two blocks of data into one.');
  if (found !== undefined) return readParts(found, file, () => false);
  const earlier = splitVersion1(text);
  if (earlier !== undefined) return readParts(earlier, file, wroteVersion1);
  throw broken(file, 'it has no data');
}

function readParts(
  { above, yaml, below }: { above: string; yaml: string; below: string },
  file: string,
  isKnown: (token: string) => boolean,
): Report {
  const { value, written, comments } = readData(yaml, file);
  const checked = checkRecord(value);
  if (!checked.ok) throw broken(file, checked.why);
  const { record } = checked;
  const wrote = written?.flatMap((part) => part.split(' ')) ?? keysOfBody(record);
  const remarks = remarksIn(above.replace(BYTE_ORDER_MARK, ''), wrote, isKnown);
  const notes = below.replace(/^(?:[ \t]*\r?\n)+/, '');
  return { record, people: { remarks, comments, notes } };
}

/**
 * The keys to assume for a report that does not list them: those of the body that the scripts would write for its
 * record.
 */
function keysOfBody(record: ReportRecord): string[] {
  return [...renderSections(record), tablesOfVersion1(record)].flatMap((section) =>
    tokensOf(Buffer.from(section).toString('latin1')).map(({ key }) => key),
  );
}

function readData(yaml: string, file: string): Data {
  if (yaml.length > LONGEST_DATA) throw broken(file, 'its data is too long');
  try {
    return parseData(Buffer.from(yaml, 'latin1').toString('utf8'));
  } catch (error) {
    throw broken(file, errorMessage(error), undefined, error);
  }
}

function broken(file: string, why: string, hint?: string, cause?: unknown): UserError {
  return new UserError(`${file} is not a readable evidence report: ${cleanLine(why, 300)}`, {
    hint: hint ?? 'Repair its data, or move the file away.',
    cause,
  });
}

/** The number of the line, from 1, where a merge left its first conflict; undefined when there is none. */
function conflictLine(text: string): number | undefined {
  let first: number | undefined;
  let isSecondSide = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (first === undefined && line.startsWith('<<<<<<< ')) first = index + 1;
    else if (first !== undefined && /^={7}\r?$/.test(line)) isSecondSide = true;
    else if (isSecondSide && line.startsWith('>>>>>>> ')) return first;
  }
  return undefined;
}
