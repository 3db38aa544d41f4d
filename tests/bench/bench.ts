import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import { updatePerformancePage } from './page.ts';
import type { Measured, Row } from './row.ts';
import { gateRows } from './rows/gates.ts';
import { judge } from './rows/judge.ts';
import { matrix } from './rows/matrix.ts';
import { memory, statusMemory } from './rows/memory.ts';
import { rehearsal } from './rows/rehearsal.ts';
import { smokeRows } from './rows/smoke.ts';
import { startUp } from './rows/start-up.ts';
import { statusRows } from './rows/status.ts';
import { writeRows } from './rows/writes.ts';

const ROWS: Row[] = [
  startUp,
  ...statusRows,
  statusMemory,
  ...writeRows,
  ...smokeRows,
  ...gateRows,
  judge,
  matrix,
  memory,
  rehearsal,
];
// An even number of pairs would put the median between two of them.
const PAIRS = '7';
const HELP = `Usage: pnpm bench [row ...] [--pairs N] [--slack F] [--write]

Measures the scripts against what people would use instead, in pairs taken in turn, and prints the ratios of the medians.

  row         one of: ${ROWS.map(({ id }) => id).join(', ')}; when none is named, all but ${ROWS.filter(
    ({ onlyWhenNamed }) => onlyWhenNamed,
  )
    .map(({ id }) => id)
    .join(', ')}
  --pairs N   how many pairs each comparison takes at the most (${PAIRS})
  --slack F   how far over its target a row may be before the exit code is 1 (1: not at all)
  --write     put the table into docs/performance.md as well; only without naming rows
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    pairs: { type: 'string', default: PAIRS },
    slack: { type: 'string', default: '1' },
    write: { type: 'boolean' },
  },
});
const unknown = positionals.filter((id) => !ROWS.some((row) => row.id === id));
if (values.help) process.stdout.write(HELP);
else if (unknown.length > 0) {
  process.stderr.write(`error: there is no row ${unknown.join(', ')}\n${HELP}`);
  process.exitCode = 2;
} else if (values.write === true && positionals.length > 0) {
  process.stderr.write('error: --write puts in the whole table: run it without naming rows\n');
  process.exitCode = 2;
} else {
  const rows = ROWS.filter(({ id, onlyWhenNamed }) =>
    positionals.length === 0 ? onlyWhenNamed === undefined : positionals.includes(id),
  );
  process.exitCode = await bench(rows, Number(values.pairs), Number(values.slack), values.write === true);
}

async function bench(rows: readonly Row[], pairs: number, slack: number, write: boolean): Promise<number> {
  const measured: { row: Row; result: Measured }[] = [];
  for (const row of rows) {
    process.stderr.write(`measuring ${row.id}\n`);
    measured.push({ row, result: await row.measure(pairs) });
  }
  const table = markdownTable([
    ['what', 'ours', 'theirs', 'measured', 'target', 'met'],
    ...measured.map(({ row, result }) =>
      result.skipped
        ? [row.what, '', '', `skipped: ${result.why}`, row.target, '']
        : [row.what, result.ours, result.theirs, result.value, row.target, verdict(result)],
    ),
  ]);
  const circumstances = `Node ${process.versions.node}, ${cpus().length} cores, medians of at most ${pairs} pairs.`;
  process.stdout.write(`${table}\n\n${circumstances}\n`);
  if (write) await updatePerformancePage(`${table}\n\n${circumstances}`);
  return measured.some(({ result }) => !result.skipped && !result.isNoise && result.used > slack) ? 1 : 0;
}

function verdict({ used, isNoise }: { used: number; isNoise?: boolean }): string {
  if (isNoise) return 'the machine was too noisy to tell';
  return used <= 1 ? 'yes' : 'NO';
}
