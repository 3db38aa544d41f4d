import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { gitIn as asNobody } from '../support/git.ts';
import { readSection } from '../support/page-section.ts';
import { AREAS } from './areas.ts';
import {
  type ChangedArea,
  type ChangedFile,
  changedAreas,
  gitIn,
  type TextAtBase,
  textsAt,
  textsNow,
} from './changed.ts';
import { copyProject } from './copy.ts';
import {
  ENOUGH,
  type Figures,
  figuresOf,
  measuredSection,
  readFigures,
  readReasons,
  shareKilled,
} from './figures.ts';
import { judge } from './try-changed.ts';
import type { Mutant } from './try-mutants.ts';
import { whatFits } from './what-fits.ts';

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

const NAMES = {
  traffic: 'packages/cloudrun/src/service/traffic.ts',
  change: 'packages/cloudrun/src/service/change.ts',
  plan: 'packages/cloudrun/src/maintenance/plan.ts',
} as const;

/** A repository with these files, each of five lines, and how to change them. */
async function inRepository(
  body: (root: string, write: (file: string, text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  await inFolder(async (root) => {
    const write = async (file: string, text: string) => {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    };
    await asNobody(root, 'init', '--quiet');
    for (const file of [...Object.values(NAMES), 'README.md']) await write(file, '1\n2\n3\n4\n5\n');
    await asNobody(root, 'add', '.');
    await asNobody(root, 'commit', '--quiet', '-m', 'one');
    await body(root, write);
  });
}

describe('only lines that differ from the base are tried', () => {
  const changedIn = async (git: ReturnType<typeof gitIn>, atBase: TextAtBase) =>
    (await changedAreas(git, atBase)).flatMap(({ changed }) => changed);

  test('of a commit: what is not committed counts, what is gone does not', () =>
    inRepository(async (root, write) => {
      const git = gitIn(root);
      const atHead = await textsAt(git, 'HEAD');
      assert.ok(atHead !== undefined);
      assert.deepEqual(await changedIn(git, atHead), []);
      await write(NAMES.traffic, '1\ntwo\n3\n5\nsix\nseven\n');
      await write('README.md', 'two\n');
      await rm(join(root, NAMES.change));
      const lines = [
        { from: 2, to: 2 },
        { from: 3, to: 4 },
        { from: 5, to: 6 },
      ];
      assert.deepEqual(await changedIn(git, atHead), [{ file: NAMES.traffic, lines }]);
    }));

  test('of what was measured: known by content, and all of it where that content is not here', () =>
    inRepository(async (root, write) => {
      const git = gitIn(root);
      const measured = await textsNow(git, Object.values(NAMES));
      assert.deepEqual(await changedIn(git, (file) => measured.get(file)), []);
      await write(NAMES.plan, '1\n2\n3\n4\n5\nsix\n');
      assert.deepEqual(await changedIn(git, (file) => measured.get(file)), [
        { file: NAMES.plan, lines: [{ from: 6, to: 6 }] },
      ]);
      const elsewhere = (file: string) => (file === NAMES.plan ? 'a'.repeat(40) : measured.get(file));
      assert.deepEqual(await changedIn(git, elsewhere), [{ file: NAMES.plan, lines: 'all' }]);
    }));

  test('without the commit nothing can be said', () =>
    inRepository(async (root) => {
      for (const base of ['no-such-commit', '--output=x'])
        assert.equal(await textsAt(gitIn(root), base), undefined);
    }));
});

const AREA = { folder: 'packages/a', files: ['b.ts'], tests: [] };
const CHANGED: ChangedArea = {
  area: AREA,
  changed: [{ file: 'packages/a/b.ts', lines: [{ from: 3, to: 5 }] }],
};
const mutant = (line: number, replacement: string, outcome: Mutant['outcome'] = 'survived'): Mutant => ({
  file: 'packages/a/b.ts',
  line,
  mutator: 'm',
  original: 'x',
  replacement,
  outcome,
});
const known = (mutants: number, survivors: Mutant[] = [], seconds = 60): Figures => ({
  folder: AREA.folder,
  files: AREA.files,
  mutants,
  killed: mutants - survivors.length,
  survivors,
  seconds,
  texts: {},
});

describe('changed lines are judged', () => {
  const survivors = (count: number) => Array.from({ length: count }, (_, i) => mutant(4, `y${i}`));
  for (const [name, tried, figures, reasons, isEnough] of [
    ['well: a tenth of the area may survive', survivors(3), known(30), [], true],
    ['badly: one more than a tenth', survivors(4), known(30), [], false],
    [
      'badly: with those that were measured elsewhere',
      survivors(2),
      known(30, [mutant(9, 'z0'), mutant(9, 'z1')]),
      [],
      false,
    ],
    ['well: what was measured counts once', survivors(3), known(30, survivors(3)), [], true],
    [
      'well: a survivor with a reason does not count',
      survivors(4),
      known(30),
      [{ ...mutant(4, 'y0'), why: 'The same.' }],
      true,
    ],
    ['not at all where nothing was measured', survivors(9), undefined, [], true],
  ] as const) {
    test(name, () => {
      const all = figures === undefined ? [] : [figures];
      const result = { mutants: [...tried, mutant(3, 'k', 'killed')], untried: [], exitCode: 0 };
      assert.equal(judge(CHANGED, result, all, reasons).isEnough, isEnough);
      // What was not tried makes no survivor, and takes none away.
      const cutShort = { ...result, untried: [{ file: 'packages/a/b.ts', line: 5 }], exitCode: null };
      const { lines, isEnough: isStillEnough } = judge(CHANGED, cutShort, all, reasons);
      assert.equal(isStillEnough, isEnough);
      assert.ok(
        lines.some((line) => line.endsWith('not tried: packages/a/b.ts:5')),
        lines.join('\n'),
      );
    });
  }

  test('not at all where the tests fail without a mutant, as on a machine that is too busy for them', () => {
    const { lines, isEnough } = judge(CHANGED, { mutants: [], untried: [], exitCode: 1 }, [known(30)], []);
    assert.ok(isEnough);
    assert.match(lines.join(), /^mutants: not judged: packages\/a\/b\.ts, lines 3-5: /);
  });
});

test('what fits into the time is chosen by what was measured: the first of the areas, whose order is that of the list', () => {
  const areaOf = (folder: string, lines: ChangedFile['lines']): ChangedArea => ({
    area: { ...AREA, folder },
    changed: [{ file: `${folder}/b.ts`, lines }],
  });
  const figures = ['slow', 'quick', 'slower'].map((folder, i) => ({
    ...known(100, [], [500, 100, 900][i] ?? 0),
    folder,
  }));
  const changed = ['slow', 'slower', 'quick'].map((folder) => areaOf(folder, [{ from: 1, to: 8 }]));
  const named = (each: readonly ChangedArea[]) => each.map(({ area }) => area.folder);
  const chosenIn = (seconds: number, lanes = 1) =>
    named(whatFits(changed, figures, { seconds, lanes }).chosen);
  // Starting takes 12 seconds each, and four mutants 20, 36 and 4.
  assert.deepEqual(chosenIn(1), ['slow']);
  assert.deepEqual(chosenIn(80), ['slow', 'slower']);
  assert.deepEqual(chosenIn(96), ['quick', 'slow', 'slower']);
  assert.deepEqual(chosenIn(48, 2), ['quick', 'slow', 'slower']);
  const { left } = whatFits(changed, figures, { seconds: 40, lanes: 1 });
  assert.deepEqual(named(left), ['slower', 'quick']);
  // Few mutants cost less than those that are worth a start.
  const few = [areaOf('slower', [{ from: 1, to: 1 }]), areaOf('slow', [{ from: 1, to: 1 }])];
  assert.deepEqual(named(whatFits(few, figures, { seconds: 38, lanes: 1 }).chosen), ['slow', 'slower']);
});

test('what is killed by time alone counts as killed, and is listed', () => {
  const about = { folder: AREA.folder, files: AREA.files, texts: {} };
  const tried = [mutant(3, 'k', 'killed'), mutant(4, 'for ever', 'out-of-time'), mutant(5, 's')];
  const figures = figuresOf(about, tried);
  assert.deepEqual([figures.mutants, figures.killed], [3, 2]);
  assert.deepEqual(
    [figures.survivors, figures.outOfTime].map((each) => each?.map(({ line }) => line)),
    [[5], [4]],
  );
  const page = measuredSection([figures], []);
  assert.match(
    page.slice(page.indexOf('### Out of time')),
    /^### Out of time\n\n.*\n.*\n\| `packages\/a\/b\.ts:4` \|/,
  );
});

describe('a copy of the project', () => {
  let root: string;
  before(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'mutants-copy-')));
    await copyProject(projectRoot, root);
  });
  after(() => rm(root, { recursive: true, force: true }));

  test('runs its own sources, not those that it was copied from', async () => {
    const require = createRequire(join(root, 'tests/run.ts'));
    assert.equal(require.resolve('@deploy/cli'), join(root, 'packages/cli/src/index.ts'));
    const installed = await realpath(dirname(require.resolve('zx/package.json')));
    assert.ok(installed.startsWith(await realpath(join(projectRoot, 'node_modules'))), installed);
  });

  test('a line that changed is tried in a copy, and a run that may take no time says what it left', async () => {
    await asNobody(root, 'init', '--quiet');
    await asNobody(root, 'add', '.');
    await asNobody(root, 'commit', '--quiet', '-m', 'one');
    const run = (...words: string[]): string =>
      execFileSync(process.execPath, [join(root, 'tests/mutants/run.ts'), ...words], {
        cwd: root,
        encoding: 'utf8',
      });
    assert.match(
      run('--changed', 'HEAD'),
      /^mutants: skipped, no file that mutants are made of differs from HEAD$/m,
    );
    const file = join(root, NAMES.traffic);
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace(/^(export function describeShares.*)$/m, '$1\n  if (shares.length > 99) return "";'),
    );
    assert.match(
      run('--changed', 'HEAD', '--limit', '1'),
      /^mutants: not tried for want of time: packages\/cloudrun\/src\/service\/traffic\.ts, line \d+ \(pnpm test:mutants /m,
    );
    const tried = run('--changed', 'HEAD', '--limit', '600');
    assert.match(
      tried,
      /^mutants: packages\/cloudrun\/src\/service\/traffic\.ts, line \d+: [1-9]\d* of [1-9]\d* killed$/m,
    );
    assert.match(tried, /traffic\.ts:\d+ shares\.length > 99 -> /);
  });
});
