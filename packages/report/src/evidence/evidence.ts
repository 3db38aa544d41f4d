import type { Share } from '@deploy/cloudrun';
import type { RolloutEvent } from './rollout-event.ts';

/**
 * Records what a command does. Both methods also work when there is no report to write to.
 *
 * A deployment records a step before it starts, and does not start it when that fails, so there is no deployment
 * without evidence. A failure to record what has already happened is only a warning. So is every failure in later
 * commands: a rollback must not wait for a full disk.
 */
export type Evidence = {
  /** The report's file; undefined when nothing is written. */
  readonly path: string | undefined;
  /**
   * Runs `work` as a step of the rollout and records its start and how it ends. `asked` is the traffic split that the
   * step asks for, so that the report of an interrupted step says what may serve.
   */
  step<T>(name: string, work: () => Promise<T>, asked?: readonly Share[]): Promise<T>;
  record(event: RolloutEvent): Promise<void>;
};

/** The evidence of a command that records nothing. */
export const noEvidence: Evidence = {
  path: undefined,
  step: (_name, work) => work(),
  record: async () => {},
};
