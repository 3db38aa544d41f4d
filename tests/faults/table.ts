import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { markdownTable } from 'markdown-table';
import { FAULTS } from './catalog.ts';

export type Cell = { script: string; call: string; fault: string; verdict: string };

const PAGE = join(projectRoot, 'docs/faults.md');

const INTRODUCTION = `# Faults

What each script does when one cloud call goes wrong once. \`pnpm test:faults\` makes every one of these faults happen in the
local Cloud Run, checks that traffic still adds up to 100 % on ready revisions, and compares the results with this page;
\`pnpm test:faults --write\` writes the page anew.

- **done**: the script retried the call, or looked up what became of a write, and did its work (exit 0)
- **done in part**: the same, but something could not be read, or \`promote\` could not clean up, and the script says so
- **stops before**: exit 1 with one clear line; the service is as it was. \`judge\`, which changes nothing, exits with 2 if a
  name is wrong and otherwise with 3, because 1 means that the candidate is unhealthy
- **inconclusive**: the verdict of \`judge\` is inconclusive (exit 3), and its reason says what could not be read
- **rolls back**: the platform refuses the change, so \`promote\` rolls the candidate back (exit 1); stable has all the traffic
- **stops after**: exit 1 with one clear line, which says that the service was changed and how to look at it
- **check fails**: this check of the matrix fails, and its log says why in one line; the other checks are made
- an empty cell: that cannot happen to this call`;

/**
 * Holds the checked-in table to what came out; writes it instead when asked to. `isPart`: of the scripts that were not
 * tried, the page keeps what it has.
 */
export async function requireTable(cells: readonly Cell[], { isPart }: { isPart: boolean }): Promise<void> {
  const sections = new Map([
    ...(isPart ? sectionsOf(await readFile(PAGE, 'utf8')) : []),
    ...sectionsFrom(cells),
  ]);
  const sorted = [...sections].sort(([one], [other]) => (one < other ? -1 : 1));
  const page = `${[INTRODUCTION, ...sorted.map(([, section]) => section)].join('\n\n')}\n`;
  if (process.env.FAULTS_WRITE === '1') await writeFile(PAGE, page);
  assert.equal(await readFile(PAGE, 'utf8'), page, 'run `pnpm test:faults --write` and look at what changed');
}

/** The sections of a page by what they are about. */
function sectionsOf(page: string): Map<string, string> {
  const [, ...sections] = page.trimEnd().split(/\n\n(?=## )/);
  return new Map(sections.map((section) => [section.slice('## '.length, section.indexOf('\n')), section]));
}

function sectionsFrom(cells: readonly Cell[]): Map<string, string> {
  const faults = Object.keys(FAULTS);
  const scripts = [...new Set(cells.map(({ script }) => script))];
  const sections = scripts.map((script): [string, string] => {
    const own = cells.filter((cell) => cell.script === script);
    const calls = [...new Set(own.map(({ call }) => call))].sort();
    const rows = calls.map((call) => [
      `\`${call}\``,
      ...faults.map((fault) => own.find((cell) => cell.call === call && cell.fault === fault)?.verdict ?? ''),
    ]);
    return [script, `## ${script}\n\n${markdownTable([['call', ...faults], ...rows])}`];
  });
  return new Map(sections);
}
