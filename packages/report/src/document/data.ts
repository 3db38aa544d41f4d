import { Document, isCollection, isMap, isSeq, parseDocument, visit } from 'yaml';
import type { ReportRecord } from '../record/schema.ts';

/** What the scripts read back: the record, and the keys of what they wrote, one string for each part. */
export type Data = { value: unknown; written: string[] | undefined; comments: string[] };

// By its second word the block is found; by the first it is coloured.
const INFO = 'yaml staging-deploy-report';

const BLOCK = new RegExp(`^(\`{3,}|~{3,})[ \\t]*${INFO}[ \\t]*\\r?\\n([\\s\\S]*?)^\\1[ \\t]*\\r?$`, 'gm');

/** What stands before the data: a fold, which GitHub shows as one line. */
export const FOLD = '<details>\n<summary>Data that the scripts read back</summary>';

/** The folded block with the data, without the line that opens its fold. */
export function dataBlock(
  record: ReportRecord,
  written: readonly string[],
  comments: readonly string[],
): string {
  const lines = comments.map((comment) => `#${comment}\n`).join('');
  return `\`\`\`${INFO}\n${lines}${yamlOf({ ...record, written })}\`\`\`\n\n</details>`;
}

/**
 * YAML with a line for each entry: a merge that takes the lines of both sides then keeps whole entries of both, and no
 * secret is hidden from redaction by a fold.
 */
export function yamlOf(value: Readonly<Record<string, unknown>>): string {
  // Quoted so that readers of YAML 1.1 see the same.
  const document = new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  if (isMap(document.contents)) {
    for (const { value: field } of document.contents.items) {
      if (isMap(field)) field.flow = true;
      if (isSeq(field)) for (const entry of field.items) if (isCollection(entry)) entry.flow = true;
    }
  }
  return document.toString({ lineWidth: 0 });
}

/** A report's text around its data. */
export type Around = { above: string; yaml: string; below: string };

/** The blocks of data in a report; there should be one. */
export function findData(text: string): Around[] {
  return [...text.matchAll(BLOCK)].map((match) => ({
    above: text.slice(0, match.index),
    yaml: match[2] ?? '',
    below: text.slice(match.index + match[0].length).replace(/^\s*<\/details>[ \t]*/, ''),
  }));
}

/** Reads the data. Throws the parser's error. */
export function parseData(yaml: string): Data {
  const document = parseDocument(yaml, { logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  // Nothing that is written here has anchors, and a few lines of them can grow without bounds.
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
