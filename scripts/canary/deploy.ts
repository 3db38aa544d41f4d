import { type Output, performAction, showNext } from '@deploy/cli';
import {
  type Connection,
  deployNoTraffic,
  nextSteps,
  openServiceApi,
  type ServiceLocation,
} from '@deploy/cloudrun';
import { windowNotes } from '../deploy/in-window.ts';
import { promotionGuard } from '../deploy/promotion-guard.ts';

export type DeployRequest = {
  values: { dryRun: boolean; skipMaintenanceCheck: boolean; skipPromotionCheck: boolean };
  connection: Connection;
  location: ServiceLocation;
  out: Output;
};

/** Deploys a revision without traffic, with neither gates nor a report. */
export async function deploy(
  image: string,
  { values, connection, location, out }: DeployRequest,
): Promise<void> {
  const { dryRun, skipMaintenanceCheck } = values;
  const permit = await promotionGuard(location, values);
  const openApi = () => openServiceApi(connection, location);
  const action = deployNoTraffic(openApi, location, image, { skipMaintenanceCheck, permit });
  const deployed = await performAction(action, { dryRun, out });
  if (deployed.dryRun) return;
  const { revision, traffic, stable, window } = deployed.outcome;
  for (const line of windowNotes(deployed.outcome, Date.now())) out.note(line);
  showNext({ out }, nextSteps(location, { shares: traffic, stable, canary: revision, window }));
}
