import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import type { Code, Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

/** A page of this project, by its path in it, parsed. */
export async function readPage(path: string): Promise<Nodes> {
  const text = await readFile(join(projectRoot, path), 'utf8');
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

/** Everything of one kind on a page, in order. */
export function allOf<T extends Nodes['type']>(node: Nodes, type: T): Extract<Nodes, { type: T }>[] {
  const own = node.type === type ? [node as Extract<Nodes, { type: T }>] : [];
  return [...own, ...('children' in node ? node.children.flatMap((child) => allOf(child, type)) : [])];
}

/** The fenced blocks of one language. */
export function blocksOf(page: Nodes, lang: string): string[] {
  return allOf(page, 'code').flatMap((code: Code) => (code.lang === lang ? [code.value] : []));
}
