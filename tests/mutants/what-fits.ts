import type { ChangedArea, ChangedFile } from './changed.ts';
import type { Figures } from './figures.ts';

// Copying the project, instrumenting the files, and the tests once without a mutant.
const START_SECONDS = 12;
const MUTANTS_OF_A_NEW_LINE = 1;
// With fewer than these, trying an area says too little for what starting costs.
const MUTANTS_WORTH_A_START = 4;

/** For how long areas may be tried, and how many at a time. */
export type Room = { seconds: number; lanes: number };

/**
 * Chooses the areas that can be tried in some seconds, by what they took when they were measured and not by how busy
 * this machine is: the same change is always judged by the same areas. What is first in the list of areas is chosen
 * first, as long as there is time to try at least some mutants of each; the very first is chosen in any case. They are
 * returned with the quickest first: what these leave of their share is the others'.
 */
export function whatFits(
  areas: readonly ChangedArea[],
  figures: readonly Figures[],
  { seconds, lanes }: Room,
): { chosen: ChangedArea[]; left: ChangedArea[] } {
  const chosen: { each: ChangedArea; cost: number }[] = [];
  const left: ChangedArea[] = [];
  let spent = 0;
  for (const each of areas) {
    const { cost, least } = costOf(each, figures);
    spent += least;
    if (chosen.length === 0 || spent <= seconds * lanes) chosen.push({ each, cost });
    else left.push(each);
  }
  const quickestFirst = chosen.toSorted((a, b) => a.cost - b.cost);
  return { chosen: quickestFirst.map(({ each }) => each), left };
}

/** How many seconds an area's changed lines take, and how many are worth a start. */
function costOf(
  { area, changed }: ChangedArea,
  figures: readonly Figures[],
): { cost: number; least: number } {
  const known = figures.find(
    ({ folder, files }) => folder === area.folder && files.join() === area.files.join(),
  );
  const perMutant = known?.seconds === undefined ? 1 : known.seconds / Math.max(1, known.mutants);
  const mutants = changed.reduce((sum, each) => sum + mutantsIn(each, known), 0);
  return {
    cost: START_SECONDS + mutants * perMutant,
    least: START_SECONDS + Math.min(mutants, MUTANTS_WORTH_A_START) * perMutant,
  };
}

function mutantsIn({ lines }: ChangedFile, known: Figures | undefined): number {
  if (lines === 'all') return known?.mutants ?? 100;
  return lines.reduce((sum, { from, to }) => sum + (to - from + 1) * MUTANTS_OF_A_NEW_LINE, 0);
}
