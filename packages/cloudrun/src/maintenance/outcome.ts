import { describeShares, type Share } from '../service/traffic.ts';

/** How a maintenance window stands after an `enable` or `disable` that did what was asked for. */
export type MaintenanceOutcome = {
  service: string;
  mode: 'on' | 'off';
  /** Whether anything was changed. */
  changed: boolean;
  /** The revision that was made for the window, if one was. */
  revision: string | undefined;
  before: Share[];
  after: Share[];
  /** What is worth knowing besides, in sentences. */
  notes: readonly string[];
  /** All traffic goes to revisions as wished for. Reports of earlier versions know another state. */
  state: 'serving';
};

export function describeOutcome({ service, mode, changed, after }: MaintenanceOutcome): string {
  return changed
    ? `maintenance mode of ${service} is ${mode} for all traffic (${describeShares(after)})`
    : `maintenance mode of ${service} was ${mode} already; nothing was changed`;
}
