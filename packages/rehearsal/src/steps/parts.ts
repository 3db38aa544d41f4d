import type { Step } from './step.ts';

/** The parts of a rehearsal, in order; `--steps` chooses among them. */
export const PARTS = [
  'preflight',
  'deploy',
  'gates',
  'status',
  'canary',
  'smoke',
  'rollback',
  'maintenance',
  'matrix',
  'endings',
] as const;

export type Part = (typeof PARTS)[number];

/** A step that is made when its turn comes, because earlier steps create the revisions that it names. */
export type PlannedStep = { part: Part; step: () => Step };

/** Parts that need an earlier one. */
const NEEDS: Partial<Record<Part, Part>> = { canary: 'deploy', rollback: 'canary' };

/** The chosen parts and the parts that they need, in order. */
export function withNeeded(chosen: readonly Part[]): Part[] {
  const needed = new Set<Part>(chosen);
  for (const part of PARTS.toReversed()) {
    const before = NEEDS[part];
    if (before !== undefined && needed.has(part)) needed.add(before);
  }
  return PARTS.filter((part) => needed.has(part));
}
