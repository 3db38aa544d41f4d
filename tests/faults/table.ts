import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { markdownTable } from 'markdown-table';
import { FAULTS } from './catalog.ts';

export type Cell = { script: string; call: string; fault: string; verdict: string };

const PAGE = join(projectRoot, 'docs/faults.md');

const INTRODUCTION = `# Faults

What each script does when one cloud call goes wrong once, at that call. \`pnpm test:faults\` makes every one of these
faults happen in the local Cloud Run, checks that traffic still adds up to 100 % on ready revisions, and holds this page to
what came out; \`pnpm test:faults --write\` writes it anew.

- **done**: the script repeated what may be repeated, or looked up what became of a write, and did its work (exit 0)
- **done in part**: the same, and it tells what it could not look at, or \`promote\` what it could not clear up
- **stops before**: exit 1 with one clear line; the service is as it was. \`judge\`, which changes nothing, exits 2 where
  a name is wrong and else 3, since 1 says that the candidate is unhealthy
- **inconclusive**: \`judge\` gives a verdict, exit 3, whose reason is what could not be read
- **rolls back**: \`promote\` takes the candidate back, exit 1, since the platform refuses the change; stable has all the traffic
- **stops after**: exit 1 with one clear line; the service was changed, and the line says so and how to look
- **check fails**: the matrix makes its other checks; this one is red, and its log says why in one line
- nothing: that cannot happen to this call`;

/**
 * Holds the checked-in table to what came out; writes it instead when asked to. `isPart`: of the scripts that were not tried, the page
 * keeps what it has.
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
