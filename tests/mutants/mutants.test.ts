import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { readSection } from '../support/page-section.ts';
import { AREAS } from './areas.ts';
import { changedAreas } from './changed.ts';
import { copyProject } from './copy.ts';
import { ENOUGH, measuredSection, readFigures, readReasons, shareKilled } from './figures.ts';

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'mutants-test-')));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('the areas of mutants', () => {
  test('name files that exist', () => {
    const named = AREAS.flatMap(({ folder, files, tests }) => [
      ...files.map((file) => `${folder}/${file}`),
      ...tests,
    ]);
    assert.deepEqual(
      named.filter((file) => !existsSync(join(projectRoot, file))),
      [],
    );
  });

  test('are measured as docs/mutants.md says, each well enough, with a reason for who lives', async () => {
    const [figures, reasons] = [await readFigures(), await readReasons()];
    const page = { page: join(projectRoot, 'docs/mutants.md'), name: 'measured' };
    assert.equal(await readSection(page), measuredSection(figures, reasons).trim());
    for (const each of figures)
      assert.ok(shareKilled(each) >= ENOUGH, `${each.folder} ${shareKilled(each)} %`);
  });
});

test("a mutant's copy of the project runs its own sources, not those that it was copied from", () =>
  inFolder(async (folder) => {
    await copyProject(projectRoot, folder);
    const require = createRequire(join(folder, 'tests/run.ts'));
    assert.equal(require.resolve('@deploy/cli'), join(folder, 'packages/cli/src/index.ts'));
    const installed = await realpath(dirname(require.resolve('zx/package.json')));
    assert.ok(installed.startsWith(await realpath(join(projectRoot, 'node_modules'))), installed);
  }));

test('only files that differ from the base are tried; without the base nothing can be said', () =>
  inFolder(async (root) => {
    const git = (...words: string[]): string =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], {
        cwd: root,
        encoding: 'utf8',
      });
    const [traffic, change, plan] = [
      'packages/cloudrun/src/service/traffic.ts',
      'packages/cloudrun/src/service/change.ts',
      'packages/cloudrun/src/maintenance/plan.ts',
    ] as const;
    const write = async (file: string, text: string) => {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    };
    git('init', '--quiet');
    for (const file of [traffic, change, plan, 'README.md']) await write(file, 'one\n');
    git('add', '.');
    git('commit', '--quiet', '-m', 'one');
    const named = async () =>
      (await changedAreas(root, 'HEAD'))?.flatMap(({ folder, files }) =>
        files.map((file) => `${folder}/${file}`),
      );
    assert.deepEqual(await named(), []);
    await write(traffic, 'two\n');
    await write('README.md', 'two\n');
    await rm(join(root, change));
    assert.deepEqual(await named(), [traffic], 'one that was removed has no mutants');
    assert.equal(await changedAreas(root, 'no-such-commit'), undefined);
    assert.equal(await changedAreas(root, '--output=x'), undefined);
  }));
