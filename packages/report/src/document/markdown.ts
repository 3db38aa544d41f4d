import type { Code, Heading, List, ListItem, Paragraph, PhrasingContent, RootContent, Table } from 'mdast';
import { gfmToMarkdown } from 'mdast-util-gfm';
import { type Options, toMarkdown } from 'mdast-util-to-markdown';

/** Part of a sentence or a table cell: plain text, which is escaped, or markup. */
export type Inline = string | PhrasingContent;

// Made only once, because the first use compiles the pattern of each character to escape and keeps it in these objects.
const OPTIONS: Options = {
  bullet: '-',
  extensions: [
    gfmToMarkdown({ tablePipeAlign: false }),
    // GitHub renders text between two dollar signs as a formula.
    { unsafe: [{ character: '$', inConstruct: 'phrasing' }] },
    // Escapes every @. The extension's own pattern consumes the letter after an @, so it misses the second @ in
    // `a@b@c.d`.
    { unsafe: [{ character: '@', inConstruct: 'phrasing' }] },
  ],
};

/**
 * Writes blocks as Markdown for GitHub and escapes all plain text. Cells are not padded, so that one long name does not
 * change every line of its table.
 */
export function markdown(blocks: readonly RootContent[]): string {
  return toMarkdown({ type: 'root', children: [...blocks] }, OPTIONS).trimEnd();
}

export function heading(depth: 1 | 2, text: string): Heading {
  return { type: 'heading', depth, children: inlines([text]) };
}

export function paragraph(...parts: Inline[]): Paragraph {
  return { type: 'paragraph', children: inlines(parts) };
}

/** A list with one line for each item. */
export function list(lines: readonly (readonly Inline[])[]): List {
  const children = lines.map(
    (line): ListItem => ({ type: 'listItem', spread: false, children: [paragraph(...line)] }),
  );
  return { type: 'list', ordered: false, spread: false, children };
}

export type Row = readonly Inline[];

export function table(head: Row, rows: readonly Row[]): Table {
  return {
    type: 'table',
    children: [head, ...rows].map((row) => ({
      type: 'tableRow',
      children: row.map((cell) => ({ type: 'tableCell', children: inlines([cell]) })),
    })),
  };
}

export function fence(lang: string, value: string): Code {
  return { type: 'code', lang, value };
}

/** Marks a name or URL as code. Any other text stays plain, because it could end the code span. */
export function code(value: string): Inline {
  return /^[\w./:@+=%,-]+$/.test(value) ? { type: 'inlineCode', value } : value;
}

export function link(text: string, url: string): Inline {
  return { type: 'link', url, children: [{ type: 'text', value: text }] };
}

/** A fold around blocks. `summary` is HTML and is not escaped, so it must not contain text from outside. */
export function folded(
  summary: string,
  blocks: readonly RootContent[],
  { isOpen = false } = {},
): RootContent[] {
  return [
    { type: 'html', value: `<details${isOpen ? ' open' : ''}>\n<summary>${summary}</summary>` },
    ...blocks,
    { type: 'html', value: '</details>' },
  ];
}

export function strong(value: string): Inline {
  return { type: 'strong', children: [{ type: 'text', value }] };
}

function inlines(parts: readonly Inline[]): PhrasingContent[] {
  return parts.map((part) => (typeof part === 'string' ? { type: 'text', value: part } : part));
}
