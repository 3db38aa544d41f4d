import { parseArgs } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { AREAS, type Area } from './areas.ts';
import { changedAreas, gitIn, MEASURED, textsAt, textsNow } from './changed.ts';
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
import { tryChanged } from './try-changed.ts';
import { tryMutants } from './try-mutants.ts';

const HELP = `Usage: pnpm test:mutants [folder ...] [--concurrency N] [--write]
       pnpm test:mutants --changed BASE [--limit SECONDS]

Puts wrong lines into the code one by one and looks whether a test notices. The exit code is 1 when fewer than ${ENOUGH} % of
a folder's are noticed.

  folder           one of these, or a file in it; all of them when none is named:
${[...new Set(AREAS.map((area) => area.folder))].map((folder) => `                     ${folder}`).join('\n')}
  --concurrency N  how many are tried at a time (2)
  --write          put the figures into docs/mutants.md
  --changed BASE   only the lines that differ from a commit, or, with BASE "${MEASURED}", from what docs/mutants.md was
                   measured of; survivors with a reason do not count against them
  --limit SECONDS  stop after that time and go by what was tried until then (120 with --changed, else none)
`;

// A mutant that never ends is killed by the time it takes. A busy machine is not such a mutant, however busy.
const PATIENCE = { factor: 3, ms: 60_000 };

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
  if (changed !== undefined) return runChanged(changed);
  const areas = AREAS.filter((area) => folders.length === 0 || folders.some((name) => isNamed(area, name)));
  const deadline = values.limit === undefined ? undefined : performance.now() + Number(values.limit) * 1000;
  const measured: Figures[] = [];
  for (const area of areas) {
    if (deadline === undefined || performance.now() < deadline) measured.push(await measure(area, deadline));
    else process.stdout.write(`${area.folder}: not tried, time is up\n`);
    // One after another, so that a run that is cut short leaves what it has measured.
    if (values.write === true) await writeFigures(measured);
  }
  return (await isEnough(measured)) ? 0 : 1;
}

async function runChanged(base: string): Promise<number> {
  const [git, figures, reasons] = [gitIn(projectRoot), await readFigures(), await readReasons()];
  const atBase =
    base === MEASURED
      ? (file: string) => figures.find(({ texts }) => texts[file] !== undefined)?.texts[file]
      : await textsAt(git, base);
  if (atBase === undefined) return skip(`there is no commit ${base} to compare with`);
  // What was never measured differs from nothing; a file that a commit does not have is new.
  const isKnown = (file: string): boolean => base !== MEASURED || atBase(file) !== undefined;
  const areas = (await changedAreas(git, atBase)).filter(({ changed }) =>
    changed.every(({ file }) => isKnown(file)),
  );
  if (areas.length === 0) return skip(`no file that mutants are made of differs from ${base}`);
  const limits = { seconds: Number(values.limit ?? '120'), concurrency: Number(values.concurrency) };
  return (await tryChanged(areas, figures, reasons, limits)) ? 0 : 1;
}

function skip(why: string): number {
  process.stdout.write(`mutants: skipped, ${why}\n`);
  return 0;
}

async function measure(area: Area, deadline: number | undefined): Promise<Figures> {
  const { folder, tests } = area;
  const limitMs = deadline === undefined ? undefined : Math.max(1, deadline - performance.now());
  const files = area.files.map((file) => `${folder}/${file}`);
  const texts = Object.fromEntries(await textsNow(gitIn(projectRoot), files));
  const startedAt = performance.now();
  const tried = await tryMutants({
    files,
    tests,
    limitMs,
    concurrency: Number(values.concurrency),
    patience: PATIENCE,
  });
  if (tried.exitCode !== null && tried.exitCode !== 0)
    throw new Error(`Stryker could not try the mutants of ${folder}, and ended with ${tried.exitCode}`);
  if (tried.exitCode === null) {
    if (limitMs === undefined) throw new Error(`Stryker was stopped before it had tried all of ${folder}`);
    process.stdout.write(`${folder}: time is up, ${tried.untried.length} not tried\n`);
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return figuresOf({ folder, files: area.files, seconds, texts }, tried.mutants);
}

async function isEnough(measured: readonly Figures[]): Promise<boolean> {
  const reasons = await readReasons();
  for (const figures of measured) {
    const { folder, files, killed, mutants, survivors } = figures;
    process.stdout.write(
      `${folder} (${files.join(', ')}): ${killed} of ${mutants} killed, ${shareKilled(figures)} %\n`,
    );
    for (const each of survivors) {
      const mark = reasonOf(each, reasons) === undefined ? '' : ' (known)';
      process.stdout.write(
        `  ${each.file}:${each.line} ${each.original} -> ${each.replacement || '(nothing)'}${mark}\n`,
      );
    }
  }
  return measured.every((figures) => shareKilled(figures) >= ENOUGH);
}
