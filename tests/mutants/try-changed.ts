import type { ChangedArea, ChangedFile, Lines } from './changed.ts';
import { ENOUGH, type Figures, type Reason, reasonOf } from './figures.ts';
import { type Mutant, type Tried, tryMutants } from './try-mutants.ts';
import { whatFits } from './what-fits.ts';

// Stopping takes a moment, more on a busy machine, and must be within the limit as well.
const TO_STOP_MS = 10_000;
// One that never ends is to leave time for others.
const PATIENCE = { factor: 2, ms: 20_000 };

type Limits = { seconds: number; concurrency: number };

/**
 * Tries the mutants on changed lines for at most so many seconds, several areas side by side, and gives false when too
 * many of an area's survive. Time that is up, and tests that fail without a mutant, are told and are no failure: only a
 * survivor is, since no busy machine makes one.
 */
export async function tryChanged(
  areas: readonly ChangedArea[],
  figures: readonly Figures[],
  reasons: readonly Reason[],
  { seconds, concurrency }: Limits,
): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000 - TO_STOP_MS;
  const lanes = Math.min(concurrency, areas.length);
  const { chosen, left } = whatFits(areas, figures, { seconds, lanes });
  let isEnough = true;
  let notDone = chosen.length;
  const tryNext = async (): Promise<void> => {
    const each = chosen.shift();
    if (each === undefined) return;
    // Of what is left, for this one and for those that are under way or to come.
    const limitMs = (deadline - performance.now()) * Math.min(1, lanes / notDone);
    if (limitMs <= 0) left.push(each);
    else {
      const tried = await tryMutants({
        files: each.changed.flatMap(patternsOf),
        tests: each.area.tests,
        limitMs,
        concurrency: Math.max(1, Math.floor(concurrency / lanes)),
        patience: PATIENCE,
      });
      const verdict = judge(each, tried, figures, reasons);
      say(verdict.lines);
      isEnough &&= verdict.isEnough;
    }
    notDone -= 1;
    await tryNext();
  };
  await Promise.all(Array.from({ length: lanes }, tryNext));
  say(left.flatMap(({ area, changed }) => changed.map((each) => notTried(each, area.folder))));
  return isEnough;
}

function say(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

function notTried({ file, lines }: ChangedFile, folder: string): string {
  return `mutants: not tried for want of time: ${file}, ${describeLines(lines)} (pnpm test:mutants ${folder})`;
}

/** As Stryker takes it. */
function patternsOf({ file, lines }: ChangedFile): string[] {
  return lines === 'all' ? [file] : lines.map(({ from, to }) => `${file}:${from}-${to}`);
}

function describeLines(lines: readonly Lines[] | 'all'): string {
  if (lines === 'all') return 'all lines';
  const ranges = lines.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return `line${lines.length === 1 && lines[0]?.from === lines[0]?.to ? '' : 's'} ${ranges.join(', ')}`;
}

/**
 * Of an area, a tenth of the mutants may survive without a reason, those that were measured elsewhere in it included.
 * So a survivor too many is one however many others were not tried.
 */
export function judge(
  { area, changed }: ChangedArea,
  { mutants, untried, exitCode }: Tried,
  figures: readonly Figures[],
  reasons: readonly Reason[],
): { lines: string[]; isEnough: boolean } {
  const where = changed.map(({ file, lines }) => `${file}, ${describeLines(lines)}`).join('; ');
  if (exitCode !== null && exitCode !== 0) {
    return {
      lines: [`mutants: not judged: ${where}: without a mutant the tests fail as well, or do not start`],
      isEnough: true,
    };
  }
  const survivors = mutants.filter(({ outcome }) => outcome === 'survived');
  const known = figures.find(
    ({ folder, files }) => folder === area.folder && files.join() === area.files.join(),
  );
  const gaps = new Set([...survivors, ...(known?.survivors ?? [])].filter(isGap).map(keyOf));
  const allowed = Math.floor(((known?.mutants ?? 0) * (100 - ENOUGH)) / 100);
  const isEnough = known === undefined || gaps.size <= allowed;
  return {
    lines: [
      `mutants: ${where}: ${mutants.length - survivors.length} of ${mutants.length} killed`,
      ...survivors.map(
        ({ file, line, original, replacement }) =>
          `  ${file}:${line} ${original} -> ${replacement || '(nothing)'}${isGap({ file, original, replacement }) ? '' : ' (known)'}`,
      ),
      ...(untried.length === 0
        ? []
        : [`  time is up; not tried: ${untried.map(({ file, line }) => `${file}:${line}`).join(' ')}`]),
      ...(known === undefined ? ['  not judged: never measured before'] : []),
      ...(isEnough
        ? []
        : [`  too many survive: ${gaps.size} without a reason, and ${allowed} may in ${area.folder}`]),
    ],
    isEnough,
  };

  function isGap(mutant: Pick<Mutant, 'file' | 'original' | 'replacement'>): boolean {
    return reasonOf(mutant, reasons) === undefined;
  }
}

function keyOf({ file, original, replacement }: Pick<Mutant, 'file' | 'original' | 'replacement'>): string {
  return JSON.stringify([file, original, replacement]);
}
