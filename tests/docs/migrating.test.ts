import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { toString as textOf } from 'mdast-util-to-string';
import { scriptNames } from '../support/script-names.ts';
import { allOf, readPage } from './markdown.ts';

test('the page about migrating names every script, and none that is not there', async () => {
  const page = await readPage('docs/migrating.md');
  const named = allOf(page, 'inlineCode').flatMap(
    ({ value }) => /scripts\/([a-z-]+)\.ts/.exec(value)?.[1] ?? [],
  );
  assert.deepEqual([...new Set(named)].sort(), scriptNames);
});

test('every shell script that was replaced has its successor of the same name', async () => {
  const [table] = allOf(await readPage('docs/migrating.md'), 'table');
  const rows = table?.children.slice(1).map(({ children }) => children.map((cell) => textOf(cell))) ?? [];
  assert.equal(rows.length, 7);
  for (const [before = '', now = ''] of rows) {
    const name = /\/([a-z-]+)\.sh/.exec(before)?.[1];
    assert.ok(now.startsWith(`pnpm tsx scripts/${name}.ts`), now);
    assert.ok(existsSync(join(projectRoot, `scripts/${name}.ts`)));
  }
});
