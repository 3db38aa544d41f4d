import { type Finding, findingsOf } from '@deploy/cli';
import { requireUsableCandidate } from '../maintenance/guard.ts';
import { maintenancePercent } from '../maintenance/open-window.ts';
import { describeMaintenance } from '../maintenance/status.ts';
import type { ServiceApi } from '../service/api.ts';
import type { Service } from '../service/service.ts';
import { problem, tryRead } from './read.ts';

const { note, warning, error } = findingsOf('maintenance');

/**
 * The state of the maintenance window, and whether the next deployment would be in maintenance mode although no window
 * is open.
 */
export async function checkMaintenance(
  openApi: () => Promise<ServiceApi>,
  service: Service,
  { skipMaintenanceCheck }: { skipMaintenanceCheck: boolean },
): Promise<Finding[]> {
  const percent = await tryRead(async () => maintenancePercent(await openApi(), service));
  if (!percent.read) return [note(`cannot tell whether a window is open: ${percent.error.message}`)];
  const found = describeMaintenance({ service, percent: percent.value });
  const usable = await tryRead(async () =>
    requireUsableCandidate(await openApi(), service, service.template),
  );
  if (usable.read) return [note(found)];
  const make = skipMaintenanceCheck ? warning : error;
  return [note(found), make(...problem(usable.error))];
}
