import type { Share } from '@deploy/cloudrun';
import type { RolloutEvent } from './rollout-event.ts';

/**
 * Records what a command does. Both methods also work if there is no report to write to.
 *
 * A deployment must leave evidence: if it cannot record the start of a step, it does not begin the step. Any other
 * failure to record something is only a warning: it comes too late to prevent what has happened, and a full disk must
 * not stop a rollback.
 */
export type Evidence = {
  /** The report's file; undefined when nothing is written. */
  readonly path: string | undefined;
  /**
   * Runs `work` as a step of the rollout, and records its start and its end. `asked` is the traffic split that the step
   * asks for. It is recorded because that split may be serving even if the step was interrupted.
   */
  step<T>(name: string, work: () => Promise<T>, asked?: readonly Share[]): Promise<T>;
  /** Records events in this order. Give several at once if you can: each call writes the whole report. */
  record(...events: readonly RolloutEvent[]): Promise<void>;
};

export const noEvidence: Evidence = {
  path: undefined,
  step: (_name, work) => work(),
  record: async () => {},
};
