import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { toString as textOf } from 'mdast-util-to-string';
import { packageNames as packages } from '../support/package-names.ts';
import { allOf, readPage } from './markdown.ts';

const pages = ['CONTRIBUTING.md', ...packages.map((name) => `packages/${name}/README.md`)];
const isPath = (code: string): boolean =>
  /^(?:scripts|packages|tests|docs|src|bin|\.ci)(?:\/[\w.-]+)*$/.test(code);

describe('what the pages for those who carry it on name is there', () => {
  for (const path of pages) {
    test(path, async () => {
      const page = await readPage(path);
      const folder = join(projectRoot, path, '..');
      for (const { value } of allOf(page, 'inlineCode').filter(({ value }) => isPath(value))) {
        const root = /^(?:src|bin)\//.test(value) ? folder : projectRoot;
        assert.ok(existsSync(join(root, value)), `${path} names ${value}`);
      }
      for (const { url } of allOf(page, 'link').filter((link) => !link.url.includes(':'))) {
        assert.ok(existsSync(join(folder, url)), `${path} links to ${url}`);
      }
    });
  }
});

test('the map has every package', async () => {
  const links = allOf(await readPage('CONTRIBUTING.md'), 'link').map((link) => textOf(link));
  for (const name of packages) assert.ok(links.includes(`packages/${name}`), name);
});
