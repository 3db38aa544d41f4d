import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { markdownTable } from 'markdown-table';
import { COMPILE_CACHE } from '../support/run-script.ts';

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
else process.exitCode = await run(positionals, { write: values.write === true, only: values.only ?? '' });

async function run(
  names: readonly string[],
  { write, only }: { write: boolean; only: string },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  const counts = join(folder, 'counts');
  try {
    const files =
      names.length === 0
        ? ['tests/faults/*.faults.ts']
        : names.map((name) => `tests/faults/${name}.faults.ts`);
    const child = spawn(process.execPath, [...COMPILE_CACHE, '--test', '--test-concurrency=2', ...files], {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        FAULT_COUNTS: counts,
        FAULTS_WRITE: write ? '1' : '0',
        FAULTS_ONLY: only,
      },
    });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    process.stdout.write(`\n${await countsTable(counts)}\n`);
    return exitCode ?? 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
