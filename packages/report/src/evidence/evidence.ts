import type { Share } from '@deploy/cloudrun';
import type { RolloutEvent } from './rollout-event.ts';

/**
 * Records what a command does. Both methods also work if there is no report to write to.
 *
 * A deployment records a step before it starts the step, and stops if it cannot, so there is no deployment without
 * evidence. What has already happened is recorded if possible; a failure to record it is only a warning. In the
 * commands after the deployment every such failure is only a warning: a full disk must not stop a rollback.
 */
export type Evidence = {
  /** The report's file; undefined when nothing is written. */
  readonly path: string | undefined;
  /**
   * Runs `work` as a step of the rollout, and records its start and its end. `asked` is the traffic split that the step
   * asks for. It is recorded because that split may be serving even if the step was interrupted.
   */
  step<T>(name: string, work: () => Promise<T>, asked?: readonly Share[]): Promise<T>;
  record(event: RolloutEvent): Promise<void>;
};

export const noEvidence: Evidence = {
  path: undefined,
  step: (_name, work) => work(),
  record: async () => {},
};
