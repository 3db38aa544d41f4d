import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { markdownTable } from 'markdown-table';
import { runTestFiles } from '../support/run-files.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

const FOLDER = join(projectRoot, 'tests/faults');
const ENDING = '.faults.ts';
/** The files that run at once. The first and the third mostly wait, for retries and for windows that pass. */
const AT_ONCE = 3;
const LONGEST_FIRST = [
  'fault-matrix',
  'kills',
  'promotion-kills',
  'secrets',
  'parsers',
  'races',
  'hostile',
  'report-texts',
  'redaction',
];

const HELP = `Usage: pnpm test:faults [--write] [--only <script>] [name ...]

Lets everything go wrong that can: faults at every cloud call, races, kills, hostile input. Ends with a table of counts.

  name      files of tests/faults without their ending, such as races; all of them when none is named
  --write   write docs/faults.md anew instead of comparing with it
  --only    in fault-matrix, only the calls of the scripts whose name has this in it, such as 'canary-rollout promote'
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' }, write: { type: 'boolean' }, only: { type: 'string' } },
});
if (values.help) process.stdout.write(HELP);
else process.exitCode = await runAll(positionals, { write: values.write === true, only: values.only ?? '' });

async function runAll(
  chosen: readonly string[],
  { write, only }: { write: boolean; only: string },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  const counts = join(folder, 'counts');
  try {
    Object.assign(process.env, {
      FAULT_COUNTS: counts,
      FAULTS_WRITE: write ? '1' : '0',
      FAULTS_ONLY: only,
    });
    const names = chosen.length === 0 ? longestFirst(await allNames()) : chosen;
    const isPassed = await runTestFiles({
      files: names.map((name) => join(FOLDER, `${name}${ENDING}`)),
      concurrency: AT_ONCE,
      execArgv: [...COMPILE_CACHE],
    });
    process.stdout.write(`\n${await countsTable(counts)}\n`);
    return isPassed ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function allNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length));
}

/** What is not in the list comes first: a long file that is begun last leaves cores with nothing to do. */
function longestFirst(names: readonly string[]): string[] {
  return names.toSorted((one, other) => LONGEST_FIRST.indexOf(one) - LONGEST_FIRST.indexOf(other));
}

async function countsTable(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n').filter(Boolean);
  const totals = new Map<string, number>();
  for (const line of lines) {
    const { what, howMany } = JSON.parse(line) as { what: string; howMany: number };
    totals.set(what, (totals.get(what) ?? 0) + howMany);
  }
  return markdownTable([
    ['what', 'how many'],
    ...[...totals].sort().map(([what, total]) => [what, String(total)]),
  ]);
}
