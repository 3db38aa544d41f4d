import { Document, isCollection, isMap, isSeq, parseDocument, visit } from 'yaml';
import type { ReportRecord } from '../record/schema.ts';

/**
 * The data that the scripts read back: `value` is the record, and `comments` were added by people. `written` has a
 * string for each part of the report, with the keys of the lines that the scripts wrote there.
 */
export type Data = { value: unknown; written: string[] | undefined; comments: string[] };

// The first word selects syntax colours; the second identifies the block.
const INFO = 'yaml staging-deploy-report';

const OPENING = new RegExp(`^(\`{3,}|~{3,})[ \\t]*${INFO}[ \\t]*\\r?\\n`, 'gm');

/** Opens the fold around the data; GitHub shows a closed fold as one line. */
export const FOLD = '<details>\n<summary>Data that the scripts read back</summary>';

/** The block of data and the end of the fold that `FOLD` opens. */
export function dataBlock(
  record: ReportRecord,
  written: readonly string[],
  comments: readonly string[],
): string {
  const lines = comments.map((comment) => `#${comment}\n`).join('');
  return `\`\`\`${INFO}\n${lines}${yamlOf({ ...record, written })}\`\`\`\n\n</details>`;
}

// Git joins two conflicts into one if at most three lines lie between them (`xdl_simplify_non_conflicts` in
// xdiff/xmerge.c). A merge that takes the lines of both sides would then repeat the lines in between. This gap keeps
// the conflicts of two lists apart.
const APART = '\n\n\n';

/**
 * YAML with exactly one line for each entry, and with enough space between the lists. A merge that takes the lines of
 * both sides therefore keeps whole entries. No secret is broken over two lines, where redaction would miss it.
 */
export function yamlOf(value: Readonly<Record<string, unknown>>): string {
  // `compat` quotes what a YAML 1.1 parser would read differently.
  const document = new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  const lists: string[] = [];
  if (isMap(document.contents)) {
    for (const { key, value: field } of document.contents.items) {
      if (isMap(field)) field.flow = true;
      if (!isSeq(field)) continue;
      lists.push(String(key));
      for (const entry of field.items) if (isCollection(entry)) entry.flow = true;
    }
  }
  const text = document.toString({ lineWidth: 0 });
  return lists.reduce((spaced, name) => spaced.replace(new RegExp(`^${name}:`, 'm'), `${APART}$&`), text);
}

/** A report's data, and the text above and below it. */
type DataBlock = { above: string; yaml: string; below: string };

/** The blocks of data in a report; there should be one. */
export function findData(text: string): DataBlock[] {
  const blocks: DataBlock[] = [];
  let end = 0;
  for (const { 0: opening, 1: fence = '', index } of text.matchAll(OPENING)) {
    if (index < end) continue;
    const start = index + opening.length;
    const closing = new RegExp(`^${fence}[ \\t]*\\r?$`, 'm').exec(text.slice(start));
    // If this block has no closing line, later ones have none either.
    if (closing === null) break;
    end = start + closing.index + closing[0].length;
    blocks.push({
      above: text.slice(0, index),
      yaml: text.slice(start, start + closing.index),
      below: text.slice(end).replace(/^\s*<\/details>[ \t]*/, ''),
    });
  }
  return blocks;
}

/** Reads the data. Throws the parser's error. */
export function parseData(yaml: string): Data {
  const document = parseDocument(yaml, { logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  // Refuse aliases: the scripts write none, and a few lines of them can expand to any length.
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  const comments = commentsIn(document);
  if (typeof value !== 'object' || value === null || !('written' in value)) {
    return { value, written: undefined, comments };
  }
  const { written, ...rest } = value;
  const isList = Array.isArray(written) && written.every((part) => typeof part === 'string');
  return { value: rest, written: isList ? written : undefined, comments };
}

function commentsIn(document: ReturnType<typeof parseDocument>): string[] {
  const comments: (string | null | undefined)[] = [document.commentBefore];
  visit(document, {
    Node: (_key, node) => void comments.push(node.commentBefore, node.comment),
  });
  comments.push(document.comment);
  return comments.flatMap((comment) => comment?.split('\n') ?? []);
}
