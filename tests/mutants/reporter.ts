import { appendFileSync } from 'node:fs';

/** What Stryker tells of a mutant before it is tried, as far as it is used here. */
export type PlannedMutant = {
  id: string;
  /** Absolute. */
  fileName: string;
  /** Lines and columns count from 1. */
  location: { start: { line: number; column: number }; end: { line: number; column: number } };
};

/** And once it was tried. */
export type TriedMutant = PlannedMutant & {
  mutatorName: string;
  replacement?: string;
  /** For a time-out, whether it is one: a line that was reached much too often ends a mutant by count. */
  statusReason?: string;
  status:
    | 'Killed'
    | 'Timeout'
    | 'Survived'
    | 'NoCoverage'
    | 'RuntimeError'
    | 'CompileError'
    | 'Ignored'
    | 'Pending';
};

/**
 * A reporter of Stryker's that writes each mutant down, as a line of JSON, as soon as it was tried: a run that is cut
 * short leaves what it found. The file is named by MUTANTS_TRIED.
 */
class WriteDown {
  readonly #file = process.env.MUTANTS_TRIED ?? '';

  onMutationTestingPlanReady({ mutantPlans }: { mutantPlans: readonly { mutant: PlannedMutant }[] }): void {
    const planned = mutantPlans.map(({ mutant: { id, fileName, location } }) => ({ id, fileName, location }));
    appendFileSync(this.#file, `${JSON.stringify({ planned })}\n`);
  }

  onMutantTested({
    id,
    fileName,
    location,
    mutatorName,
    replacement,
    status,
    statusReason,
  }: TriedMutant): void {
    const tried = { id, fileName, location, mutatorName, replacement, status, statusReason };
    appendFileSync(this.#file, `${JSON.stringify(tried)}\n`);
  }
}

/** The name under which Stryker looks for it. */
export const strykerPlugins = [{ kind: 'Reporter', name: 'write-down', injectableClass: WriteDown }];
