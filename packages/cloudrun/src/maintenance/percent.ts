import type { ServiceApi } from '../service/api.ts';
import type { Service } from '../service/service.ts';
import { sharesOf } from '../service/traffic.ts';
import { isMaintenanceOn } from './environment.ts';

/** The percentage of traffic served by revisions in maintenance mode. */
export async function maintenancePercent(
  api: ServiceApi,
  { served, latestReadyRevision }: Pick<Service, 'served' | 'latestReadyRevision'>,
): Promise<number> {
  const shares = sharesOf(served, latestReadyRevision);
  const percents = await Promise.all(
    shares.map(async ({ revision, percent }) =>
      isMaintenanceOn((await api.readRevision(revision)).template) ? percent : 0,
    ),
  );
  return percents.reduce((sum, percent) => sum + percent, 0);
}
