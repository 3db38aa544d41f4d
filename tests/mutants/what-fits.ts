import type { ChangedArea, ChangedFile } from './changed.ts';
import type { Figures } from './figures.ts';

// Copying the project, instrumenting the files, and the tests once without a mutant.
const START_SECONDS = 12;
const MUTANTS_OF_A_NEW_LINE = 1;

/**
 * Chooses the areas that can be tried in some seconds, by what they took when they were measured and not by how busy this
 * machine is: the same change is always judged by the same mutants. The quickest come first; if none fits, the quickest is
 * tried as far as the time goes.
 */
export function whatFits(
  areas: readonly ChangedArea[],
  figures: readonly Figures[],
  seconds: number,
): { chosen: ChangedArea[]; left: ChangedArea[] } {
  const byCost = areas
    .map((each) => ({ each, cost: costOf(each, figures) }))
    .sort((a, b) => a.cost - b.cost || (a.each.area.folder < b.each.area.folder ? -1 : 1));
  const chosen: ChangedArea[] = [];
  const left: ChangedArea[] = [];
  let spent = 0;
  for (const { each, cost } of byCost) {
    spent += cost;
    (chosen.length === 0 || spent <= seconds ? chosen : left).push(each);
  }
  return { chosen, left };
}

function costOf({ area, changed }: ChangedArea, figures: readonly Figures[]): number {
  const known = figures.find(
    ({ folder, files }) => folder === area.folder && files.join() === area.files.join(),
  );
  const perMutant = known?.seconds === undefined ? 1 : known.seconds / Math.max(1, known.mutants);
  const mutants = changed.reduce((sum, each) => sum + mutantsIn(each, known), 0);
  return START_SECONDS + mutants * perMutant;
}

function mutantsIn({ lines }: ChangedFile, known: Figures | undefined): number {
  if (lines === 'all') return known?.mutants ?? 100;
  return lines.reduce((sum, { from, to }) => sum + (to - from + 1) * MUTANTS_OF_A_NEW_LINE, 0);
}
