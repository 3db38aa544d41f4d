import type { CheckLog } from './log.ts';
import type { CheckId, Judgement } from './outcome.ts';

/**
 * Performs a check and logs its requests, answers and conclusions. The check fails when this throws; when it throws the
 * signal's own reason, the check counts as interrupted.
 */
export type CheckWork = (log: CheckLog, signal: AbortSignal) => Promise<Judgement>;

/** How a check runs. */
export type Planned = {
  work: CheckWork;
  /** Builds share a lock and the processor, so they run one by one, beside the checks that run all at once. */
  lane: 'at-once' | 'one-by-one';
  /** The command that reruns it. */
  command: string;
};

export type MatrixCheck = {
  id: CheckId;
  required: boolean;
  description: string;
  plan: Planned | { skip: string };
};
