import { parseArgs } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { AREAS, type Area } from './areas.ts';
import { changedAreas } from './changed.ts';
import {
  ENOUGH,
  type Figures,
  figuresOf,
  readFigures,
  readReasons,
  reasonOf,
  shareKilled,
  writeFigures,
} from './figures.ts';
import { tryMutants } from './try-mutants.ts';

const HELP = `Usage: pnpm test:mutants [folder ...] [--concurrency N] [--write]
       pnpm test:mutants --changed BASE [--limit SECONDS]

Puts wrong lines into the code one by one and looks whether a test notices. The exit code is 1 when fewer than ${ENOUGH} % of
a folder's are noticed.

  folder           one of these, or a file in it; all of them when none is named:
${[...new Set(AREAS.map((area) => area.folder))].map((folder) => `                     ${folder}`).join('\n')}
  --concurrency N  how many are tried at a time (2)
  --write          put the figures into docs/mutants.md
  --changed BASE   only the files that differ from a commit; survivors with a reason do not count against them
  --limit SECONDS  stop after that time and go by what was tried until then (120 with --changed, else none)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    write: { type: 'boolean' },
    changed: { type: 'string' },
    limit: { type: 'string' },
    concurrency: { type: 'string', default: '2' },
  },
});
const folders = positionals.map((name) => name.replace(/\/+$/, ''));
const unknown = folders.filter((name) => !AREAS.some((area) => isNamed(area, name)));
const numbers = [values.concurrency, values.limit ?? '120'];

if (values.help) process.stdout.write(HELP);
else if (unknown.length > 0) refuse(`no mutants are made in ${unknown.join(', ')}`);
else if (!numbers.every((number) => /^[1-9]\d{0,4}$/.test(number)))
  refuse('--limit and --concurrency take whole numbers from 1 on');
else if (values.write === true && values.limit !== undefined)
  refuse('--write does not go with --limit: figures are of all mutants');
else if (values.changed !== undefined && (values.write === true || folders.length > 0))
  refuse('--changed goes neither with folders nor with --write');
else process.exitCode = await run();

/** By its folder, or by one of its files, which stands for those that are tried with it. */
function isNamed({ folder, files }: Area, name: string): boolean {
  return name === folder || files.some((file) => name === `${folder}/${file}`);
}

function refuse(message: string): void {
  process.stderr.write(`error: ${message}\n${HELP}`);
  process.exitCode = 2;
}

async function run(): Promise<number> {
  const { changed } = values;
  const areas =
    changed === undefined
      ? AREAS.filter((area) => folders.length === 0 || folders.some((name) => isNamed(area, name)))
      : await changedAreas(projectRoot, changed);
  if (areas === undefined) return skip(`there is no commit ${changed} to compare with`);
  if (areas.length === 0) return skip('no file that mutants are made of has changed');

  const limit = values.limit ?? (changed === undefined ? undefined : '120');
  const deadline = limit === undefined ? undefined : performance.now() + Number(limit) * 1000;
  const measured: (Figures & { isWhole: boolean })[] = [];
  for (const area of areas) {
    if (deadline === undefined || performance.now() < deadline) measured.push(await measure(area, deadline));
    else process.stdout.write(`${area.folder}: not tried, time is up\n`);
  }
  if (values.write === true) await writeFigures(measured.map(({ isWhole: _, ...figures }) => figures));
  return (await isEnough(measured, changed !== undefined)) ? 0 : 1;
}

function skip(why: string): number {
  process.stdout.write(`mutants: skipped, ${why}\n`);
  return 0;
}

async function measure(area: Area, deadline: number | undefined): Promise<Figures & { isWhole: boolean }> {
  const { folder, files, tests } = area;
  const limitMs = deadline === undefined ? undefined : Math.max(1, deadline - performance.now());
  const tried = await tryMutants({
    files: files.map((file) => `${folder}/${file}`),
    tests,
    limitMs,
    concurrency: Number(values.concurrency),
  });
  if (tried.exitCode !== null && tried.exitCode !== 0)
    throw new Error(`Stryker could not try the mutants of ${folder}, and ended with ${tried.exitCode}`);
  if (tried.exitCode === null) {
    if (limitMs === undefined) throw new Error(`Stryker was stopped before it had tried all of ${folder}`);
    process.stdout.write(
      `${folder}: time is up, ${tried.tried} of ${tried.planned ?? 'an unknown number'} tried\n`,
    );
  }
  return { ...figuresOf(folder, files, tried.mutants), isWhole: tried.exitCode !== null };
}

/**
 * Of changed files, those count that were tried to the end, in folders that were good enough before: mutants that no test
 * reaches are tried first, so a part of a run says less than it seems to.
 */
async function isEnough(
  measured: readonly (Figures & { isWhole: boolean })[],
  isOfChanged: boolean,
): Promise<boolean> {
  const [reasons, known] = [await readReasons(), await readFigures()];
  let isEnoughEverywhere = true;
  for (const figures of measured) {
    const excused = isOfChanged ? figures.survivors.filter((each) => reasonOf(each, reasons)).length : 0;
    const share = shareKilled({ mutants: figures.mutants - excused, killed: figures.killed });
    process.stdout.write(`${figures.folder}: ${figures.killed} of ${figures.mutants} killed, ${share} %\n`);
    for (const each of figures.survivors) {
      const mark = reasonOf(each, reasons) === undefined ? '' : ' (known)';
      process.stdout.write(
        `  ${each.file}:${each.line} ${each.original} -> ${each.replacement || '(nothing)'}${mark}\n`,
      );
    }
    const wasMeasured = figures.files.every((file) =>
      known.some((each) => each.folder === figures.folder && each.files.includes(file)),
    );
    const counts = !isOfChanged || (figures.isWhole && wasMeasured);
    if (!counts) process.stdout.write('  not judged: cut short, or never measured before\n');
    if (counts && share < ENOUGH) isEnoughEverywhere = false;
  }
  return isEnoughEverywhere;
}
