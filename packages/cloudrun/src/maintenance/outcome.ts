import { briefShares, type Share } from '../service/traffic.ts';

/** `revision` is a copy of the revision `of`. Only maintenance mode is different: on in one of them, off in the other. */
export type Successor = { of: string; revision: string };

/** The state of a maintenance window after a successful `enable` or `disable`. */
export type MaintenanceOutcome = {
  service: string;
  mode: 'on' | 'off';
  changed: boolean;
  /** The revision that was made for the window, if any. */
  revision: string | undefined;
  before: Share[];
  after: Share[];
  url?: string;
  /** Copies of revisions, with maintenance mode off, that were made when the window was closed. */
  successors: readonly Successor[];
  /** Further notes for the operator, in sentences. */
  notes: readonly string[];
  /**
   * All traffic goes to revisions in the requested mode. Reports that earlier versions wrote may have another state.
   */
  state: 'serving';
};

export function describeOutcome({ service, mode, changed, after }: MaintenanceOutcome): string {
  return changed
    ? `maintenance mode of ${service} is ${mode} for all traffic (${briefShares(after, service)})`
    : `maintenance mode of ${service} was already ${mode}; nothing was changed`;
}
