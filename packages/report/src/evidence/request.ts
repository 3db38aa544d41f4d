import type { TargetCheckout } from '@deploy/cli';
import type { ServiceLocation } from '@deploy/cloudrun';

export type EvidenceRequest = {
  evidenceReport: string | undefined;
  dryRun?: boolean;
  /**
   * Finds out which account is acting. If it is unknown, this machine's user is the actor. Called only when there is
   * something to record.
   */
  account?(): Promise<string | undefined>;
  /** Shows people a line on stderr. */
  note(line: string): void;
};

/** The request of a deployment, which opens the report of its rollout. */
export type OpenRequest = EvidenceRequest & {
  checkout: TargetCheckout;
  location: ServiceLocation;
  image: string;
  /** Where the local Cloud Run of a rehearsal is. */
  emulatorHost?: string | undefined;
  /** Part of a new report's file name; default: staging. */
  kind?: 'staging' | 'production';
};

/** What a command needs to add to the report of a rollout that is under way. */
export type JoinRequest = EvidenceRequest & {
  repoRoot: string | undefined;
  serviceDir: string;
  webShellDir: string;
  /** Whether to say nothing if there is no report. */
  mayBeMissing?: boolean;
  /** Whether the command goes on, after a warning, even if its report is unreadable or another service's. */
  isUrgent?: boolean;
};

/** The report that EVIDENCE_REPORT names, or the folder to look for one in. */
export type JoinPlace = { named: string } | { folder: string };
