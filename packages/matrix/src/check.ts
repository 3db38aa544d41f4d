import type { CheckLog } from './log.ts';
import type { CheckId, Verdict } from './outcome.ts';

/**
 * Does what a check does, writing down what was asked, answered and concluded. Whatever it throws makes the check a
 * failed one; a signal's own reason, that it was interrupted.
 */
export type CheckWork = (log: CheckLog, signal: AbortSignal) => Promise<Verdict>;

/** How a check is made. */
export type Planned = {
  work: CheckWork;
  /** Builds share a lock and the processor, so they go one by one, beside everything that goes at once. */
  lane: 'at-once' | 'one-by-one';
  /** What reruns it. */
  command: string;
};

export type Check = {
  id: CheckId;
  required: boolean;
  description: string;
  plan: Planned | { skip: string };
};
