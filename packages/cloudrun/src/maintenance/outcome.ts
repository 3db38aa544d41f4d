import { UserError } from '@deploy/cli';
import { describeShares, type Share } from '../service/traffic.ts';

/** How a maintenance window stands after an `enable` or `disable`. */
export type MaintenanceOutcome = {
  service: string;
  mode: 'on' | 'off';
  /** Whether anything was changed. */
  changed: boolean;
  /** The revision that was made or given the traffic, if there was one. */
  revision: string | undefined;
  before: Share[];
  after: Share[];
  /**
   * `serving`: all traffic goes to revisions as wished for. `prepared`: such a revision is ready but gets no traffic,
   * since traffic is pinned to others.
   */
  state: 'serving' | 'prepared';
};

export function describeOutcome({
  service,
  mode,
  changed,
  state,
  revision,
  after,
}: MaintenanceOutcome): string {
  if (state === 'prepared')
    return `revision ${revision} is ready with maintenance mode ${mode}, but gets no traffic`;
  return changed
    ? `maintenance mode of ${service} is ${mode} for all traffic (${describeShares(after)})`
    : `maintenance mode of ${service} was ${mode} already; nothing was changed`;
}

/** Throws a UserError for a window that was prepared only, since its traffic is pinned elsewhere. */
export function requireServing({ mode, state, revision, service, after }: MaintenanceOutcome): void {
  if (state === 'serving') return;
  const [action, later] = mode === 'on' ? ['enable', ', and have the split put back later'] : ['disable', ''];
  throw new UserError(
    `maintenance mode of ${service} is NOT ${mode} as asked for: traffic is pinned (${describeShares(after)}), so revision ${revision}, made for it, gets none`,
    {
      hint: `To give it the traffic${later}: MAINTENANCE_MOVE_TRAFFIC=1 maintenance-mode.ts ${action}`,
    },
  );
}
