import { readFile, writeFile } from 'node:fs/promises';

/** A part of a page that a tool writes, between two marks that name it. */
export type PageSection = { page: string; name: string };

/** What stands between the marks. Throws when the page has lost them. */
export async function readSection({ page, name }: PageSection): Promise<string> {
  const text = await readFile(page, 'utf8');
  const { from, to } = placeOf(name, text, page);
  return text.slice(from, to).trim();
}

/** Puts other text between the marks. Throws when the page has lost them. */
export async function writeSection({ page, name }: PageSection, content: string): Promise<void> {
  const text = await readFile(page, 'utf8');
  const { from, to } = placeOf(name, text, page);
  await writeFile(page, `${text.slice(0, from)}\n\n${content}\n\n${text.slice(to)}`);
}

function placeOf(name: string, text: string, page: string): { from: number; to: number } {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${page} has lost its marks ${begin} and ${end}`);
  return { from: from + begin.length, to };
}
