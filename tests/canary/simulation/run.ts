// `pnpm simulate:canary [--write] [promotions]`: how good the canary's verdict is, by thousands of simulated promotions;
// with --write, docs/canary.md and its pictures get the new figures. Exit code 1 when a promised figure is missed.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { markdownTable } from 'markdown-table';
import { writeSection } from '../../support/page-section.ts';
import { allCells, charts, simulatedSection } from './page.ts';
import { NO_SLACK, targets } from './targets.ts';
import { simulateAll } from './threads.ts';

const args = process.argv.slice(2);
const promotions = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 10_000);
const page = join(projectRoot, 'docs/canary.md');

const results = await simulateAll(allCells, promotions, (done) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${allCells.length} cells`);
});
if (process.stderr.isTTY) process.stderr.write('\n');

const promised = targets(results, NO_SLACK);
const promises = markdownTable([
  ['what was promised', 'measured', 'met'],
  ...promised.map(({ what, measured, isMet }) => [what, measured, isMet ? 'yes' : 'NO']),
]);
const section = `${promises}\n\n${simulatedSection(results, promotions)}`;
console.log(section);
if (args.includes('--write')) {
  await writeSection({ page, name: 'simulated' }, section);
  const folder = join(projectRoot, 'docs/charts');
  await mkdir(folder, { recursive: true });
  for (const [file, svg] of Object.entries(charts(results))) await writeFile(join(folder, file), svg);
}
process.exitCode = promised.every(({ isMet }) => isMet) ? 0 : 1;
