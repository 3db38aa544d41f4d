import { UserError } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceApi } from '../service/api.ts';
import { isWindowMade } from '../service/nonce.ts';
import type { Revision, Service } from '../service/service.ts';
import type { RevisionTemplate } from '../service/template.ts';
import { describeShares, servedShares } from '../service/traffic.ts';
import { standsInFor } from './bookkeeping.ts';
import { isMaintenanceOn } from './environment.ts';
import { closeCommand, maintenancePercent, mustMoveTrafficToClose } from './open-window.ts';
import { findSuccessor } from './successor.ts';

const TO_INSIST = 'SKIP_MAINTENANCE_CHECK=1';

/**
 * Throws a UserError when a new revision of this template would be in maintenance mode although the serving one is not.
 * As the next canary, the new revision would turn its share of the public away. A maintenance window leaves such a
 * template behind if it failed, or if it was opened without these scripts.
 */
export async function requireUsableCandidate(
  api: ServiceApi,
  service: Service,
  candidate: RevisionTemplate,
): Promise<void> {
  const disable = serviceCommand(api.location, 'maintenance-mode', ['disable']);
  const toInsist = `To deploy anyway: ${TO_INSIST}`;
  const replaced = standsInFor(service);
  if (replaced !== undefined) {
    throw new UserError(
      `the newest template of ${service.name} belongs to an unfinished maintenance window, which replaced the template of ${replaced}: a deployment now would lose the settings of ${replaced}`,
      {
        hint: `Nothing was changed. Finish the window first, with enable, or with disable:\n  ${disable}\n${toInsist}`,
      },
    );
  }
  if (!isMaintenanceOn(candidate)) return;
  const percent = await maintenancePercent(api, service);
  if (percent === 100) return;
  throw new UserError(
    `the newest template of ${service.name} has maintenance mode on, but what serves (${servedBy(service)}) has it ${percent === 0 ? 'off' : `on for only ${percent} % of the traffic`}: the new revision would turn the public away`,
    {
      hint: `Nothing was changed. To switch it off in the template:\n  ${disable}\n${toInsist}`,
    },
  );
}

/**
 * Throws a UserError when shifting traffic to these revisions would show the maintenance page to part of the public, or
 * when maintenance mode is on for all traffic and shifting would let part of the public in.
 */
export async function requireSameSideOfWindow(
  api: ServiceApi,
  service: Service,
  wanted: readonly { revision: Revision; percent: number }[],
): Promise<void> {
  const inMaintenance = wanted.filter(({ revision }) => isMaintenanceOn(revision.template));
  const after = inMaintenance.reduce((sum, { percent }) => sum + percent, 0);
  const shares = servedShares(service);
  // While one of these revisions serves outside maintenance mode, no window can be open for all traffic. That is the
  // usual case, and then nothing more has to be read.
  const isOpenForAll = !wanted.some(
    (each) => !inMaintenance.includes(each) && shares.some(({ revision }) => revision === each.revision.name),
  );
  if (after === 0 && !isOpenForAll) return;
  const before = await maintenancePercent(api, service);
  const disable = serviceCommand(api.location, 'maintenance-mode', ['disable']);
  const close = closeCommand(api.location, mustMoveTrafficToClose(service));
  const toInsist = `To shift the traffic anyway: ${TO_INSIST}`;
  if (after > before) {
    const names = inMaintenance.map(({ revision }) => revision.name).join(', ');
    const instead = await Promise.all(inMaintenance.map((each) => insteadOf(api, each.revision, disable)));
    throw new UserError(
      `${names} is in maintenance mode, but what serves (${servedBy(service)}) is ${before === 0 ? 'not' : `for only ${before} % of the traffic`}: this would turn the public away`,
      { hint: `Nothing was changed. ${[...instead, toInsist].join('\n')}` },
    );
  }
  if (before === 100 && after < 100) {
    throw new UserError(
      `a maintenance window of ${service.name} is open (${servedBy(service)}): this would take the public past it`,
      { hint: `Nothing was changed. To close it:\n  ${close}\n${toInsist}` },
    );
  }
}

/** What to do instead of giving traffic to a revision in maintenance mode. */
async function insteadOf(api: ServiceApi, revision: Revision, disable: string): Promise<string> {
  const successor = await findSuccessor(api, revision);
  if (successor !== undefined)
    return `Closing the window made a revision of the same image that is not in maintenance mode and can take traffic: ${successor.name}`;
  if (isWindowMade(revision)) {
    const status = serviceCommand(api.location, 'canary-rollout', ['status']);
    return `It was made for a maintenance window. To see which revision is the stable one, and which the candidate:\n  ${status}`;
  }
  return `To get a candidate that is not in maintenance mode, run this and deploy again:\n  ${disable}`;
}

/**
 * Throws a UserError when a revision to promote is in maintenance mode: as a canary it would turn its share of the
 * public away.
 */
export async function requireNotInMaintenance(
  api: ServiceApi,
  service: Service,
  candidate: Revision,
): Promise<void> {
  if (!isMaintenanceOn(candidate.template)) return;
  await requireSameSideOfWindow(api, service, [{ revision: candidate, percent: 1 }]);
}

/**
 * Throws a UserError when revisions in maintenance mode serve part of the public, because nothing can be promoted then.
 */
export async function requireNoWindow(api: ServiceApi, service: Service): Promise<void> {
  if ((await maintenancePercent(api, service)) === 0) return;
  const close = closeCommand(api.location, mustMoveTrafficToClose(service));
  throw new UserError(
    `a maintenance window of ${service.name} is open (${servedBy(service)}): nothing is promoted while it is`,
    {
      hint: `Nothing was changed. To close it, before you promote:\n  ${close}\nTo promote anyway: ${TO_INSIST}`,
    },
  );
}

function servedBy(service: Service): string {
  return describeShares(servedShares(service));
}
