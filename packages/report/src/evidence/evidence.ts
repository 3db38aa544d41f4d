import type { Deployment, MaintenanceOutcome, Share, TrafficChange } from '@deploy/cloudrun';
import type { GateRun } from '@deploy/gates';
import type { SmokeOutcome } from '@deploy/smoke';
import type { MatrixEntry } from '../record/schema.ts';

/**
 * Where a command writes down what it does. Every method may be called whether or not there is a report to write to.
 *
 * A deployment's steps are written down before they are made, and are not made when that fails: no deployment without
 * its evidence. What has happened is told as it is, though: a failure to write it down afterwards is a warning and no
 * more, and so is any failure of a command that comes later, since a rollback must not wait for a full disk.
 */
export type Evidence = {
  /** The report's file; undefined when nothing is written. */
  readonly path: string | undefined;
  /** Does something as a step of the rollout: written down as begun before, and as done or failed after. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** What served before anything was changed, so that a killed deployment's report has its rollback command. */
  foundServing(shares: readonly Share[], stable: string | undefined): Promise<void>;
  /** How the verification gates ended. */
  gates(run: Pick<GateRun, 'results' | 'leftOut'>): Promise<void>;
  gatesSkipped(): Promise<void>;
  deployed(deployment: Deployment, stable: string | undefined): Promise<void>;
  /** The image's digest, once it has been looked up. */
  digestResolved(digest: string): Promise<void>;
  trafficChanged(change: TrafficChange, stable: string | undefined): Promise<void>;
  smoked(outcome: SmokeOutcome): Promise<void>;
  maintenanceChanged(outcome: MaintenanceOutcome, stable: string | undefined): Promise<void>;
  domainMapping(mapping: { domain: string; state: string }): Promise<void>;
  /** Where the service is reached: its own URL and its domain. Smoke runs find the report by them, and count. */
  reachedAt(...baseUrls: string[]): Promise<void>;
  /** Where single revisions are reached by their tags. Smoke runs find the report by these too, but do not count. */
  tagsReachedAt(...baseUrls: string[]): Promise<void>;
  matrix(matrix: Omit<MatrixEntry, 'at'>): Promise<void>;
};

async function nothing(): Promise<void> {}

/** For a command that writes none. */
export const noEvidence: Evidence = {
  path: undefined,
  step: (_name, work) => work(),
  foundServing: nothing,
  gates: nothing,
  gatesSkipped: nothing,
  deployed: nothing,
  digestResolved: nothing,
  trafficChanged: nothing,
  smoked: nothing,
  maintenanceChanged: nothing,
  domainMapping: nothing,
  reachedAt: nothing,
  tagsReachedAt: nothing,
  matrix: nothing,
};
