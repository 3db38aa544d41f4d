import type { BoundedText } from '@deploy/cli';
import type { CheckId, Judgement } from './outcome.ts';

/** A check's log, line by line. Known secrets are redacted. */
export type CheckLog = BoundedText;

/**
 * Performs a check and logs its requests, answers and conclusions. The check fails if this throws. If it throws the
 * reason of the aborted signal, the check counts as skipped instead.
 */
export type CheckWork = (log: CheckLog, signal: AbortSignal) => Promise<Judgement>;

export type Planned = {
  work: CheckWork;
  /** Builds share a lock and the processor, so they run one by one. All other checks run at once. */
  lane: 'at-once' | 'one-by-one';
  /** The command that reruns the check. */
  command: string;
};

export type MatrixCheck = {
  id: CheckId;
  required: boolean;
  description: string;
  plan: Planned | { skip: string };
};
