import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { markdownTable } from 'markdown-table';
import { updatePerformancePage } from './page.ts';
import type { Measured, Row } from './row.ts';
import { gateRows } from './rows/gates.ts';
import { matrix } from './rows/matrix.ts';
import { memory } from './rows/memory.ts';
import { smokeRows } from './rows/smoke.ts';
import { startUp } from './rows/start-up.ts';
import { status } from './rows/status.ts';

const ROWS: Row[] = [startUp, status, ...smokeRows, ...gateRows, matrix, memory];
const HELP = `Usage: pnpm bench [row ...] [--pairs N] [--slack F] [--write]

Measures the scripts against what people would use instead, in pairs taken in turn, and prints the ratios of the medians.

  row         one of: ${ROWS.map(({ id }) => id).join(', ')}; all of them when none is named
  --pairs N   how many pairs each comparison takes (11)
  --slack F   how far over its target a row may be before the exit code is 1 (1: not at all)
  --write     put the table into docs/performance.md as well
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    pairs: { type: 'string', default: '11' },
    slack: { type: 'string', default: '1' },
    write: { type: 'boolean' },
  },
});
const unknown = positionals.filter((id) => !ROWS.some((row) => row.id === id));
if (values.help) process.stdout.write(HELP);
else if (unknown.length > 0) {
  process.stderr.write(`error: there is no row ${unknown.join(', ')}\n${HELP}`);
  process.exitCode = 2;
} else {
  const rows = ROWS.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
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
        : [row.what, result.ours, result.theirs, result.value, row.target, result.used <= 1 ? 'yes' : 'NO'],
    ),
  ]);
  const circumstances = `Node ${process.versions.node}, ${cpus().length} cores, medians of ${pairs} pairs.`;
  process.stdout.write(`${table}\n\n${circumstances}\n`);
  if (write) await updatePerformancePage(`${table}\n\n${circumstances}`);
  return measured.some(({ result }) => !result.skipped && result.used > slack) ? 1 : 0;
}
