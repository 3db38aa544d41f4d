import type { Share } from '@deploy/cloudrun';
import type { RolloutEvent } from './rollout-event.ts';

/**
 * Where a command writes down what it does. Both methods may be called whether or not there is a report to write to.
 *
 * A deployment's steps are written down before they are made, and are not made when that fails: no deployment without
 * its evidence. What has happened is told as it is, though: a failure to write it down afterwards is a warning and no
 * more, and so is any failure of a command that comes later, since a rollback must not wait for a full disk.
 */
export type Evidence = {
  /** The report's file; undefined when nothing is written. */
  readonly path: string | undefined;
  /**
   * Does something as a step of the rollout: written down as begun before, and as done or failed after. A step that asks
   * for a traffic split gives it, so that the report of an interrupted one says what may serve.
   */
  step<T>(name: string, work: () => Promise<T>, asked?: readonly Share[]): Promise<T>;
  /** Writes down what happened. */
  record(event: RolloutEvent): Promise<void>;
};

/** For a command that writes none. */
export const noEvidence: Evidence = {
  path: undefined,
  step: (_name, work) => work(),
  record: async () => {},
};
