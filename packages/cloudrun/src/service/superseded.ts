import { UserError } from '@deploy/cli';
import { findSuccessor } from '../maintenance/successor.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceApi } from './api.ts';
import { newestReadyRevision } from './newest-ready.ts';
import { isWindowMade } from './nonce.ts';
import type { Revision, Service } from './service.ts';
import type { NamedRoles } from './swapped.ts';
import { servedShares } from './traffic.ts';

/**
 * Throws a UserError when a canary that has no traffic yet was superseded by a later deployment, because the command
 * was probably meant for the later one.
 */
export async function requireNotSuperseded(
  api: ServiceApi,
  service: Service,
  { stable, canary, canaryPercent }: NamedRoles,
): Promise<void> {
  const shares = servedShares(service);
  if (canaryPercent === 0 || shares.some(({ revision }) => revision === canary)) return;
  const later = await laterDeployment(api, service, { stable, canary });
  if (later === undefined) return;
  const { name, createTime, creator } = later;
  throw new UserError(
    `${canary} was superseded: ${name} was deployed after it, at ${createTime}${creator === undefined ? '' : ` by ${creator}`}`,
    {
      hint: [
        'Nothing was changed. To shift to the newer one instead:',
        `  ${serviceCommand(api.location, 'canary-rollout', ['set-traffic', stable, name, String(canaryPercent)])}`,
        'To shift the traffic as given anyway: SKIP_STABLE_CHECK=1',
      ].join('\n'),
    },
  );
}

/**
 * A ready revision that was deployed after the canary. Undefined when there is none, or when the canary is older than
 * the stable revision, because the operator is then going back on purpose.
 */
export async function laterDeployment(
  api: ServiceApi,
  service: Service,
  { stable, canary }: { stable: string; canary: string },
): Promise<Revision | undefined> {
  if (service.latestCreatedRevision === canary) return undefined;
  const found = await newestReadyRevision(api, service);
  if (found === undefined || found.name === canary) return undefined;
  const [base, candidate] = await Promise.all([api.readRevision(stable), api.readRevision(canary)]);
  if (!isNewer(candidate, base)) return undefined;
  const newest = await newestDeployment(api, found, canary);
  return newest !== undefined && newest.name !== stable && isNewer(newest, candidate) ? newest : undefined;
}

/**
 * The newest ready revision that was deployed rather than made for a maintenance window. If closing a window made a
 * copy of that revision, returns the copy. Undefined when the newest deployment is the canary.
 */
async function newestDeployment(
  api: ServiceApi,
  newest: Revision,
  canary: string,
): Promise<Revision | undefined> {
  if (!isWindowMade(newest)) return newest;
  for await (const revision of api.revisions()) {
    if (isWindowMade(revision) || revision.ready.state !== 'succeeded') continue;
    if (revision.name === canary) return undefined;
    return (await findSuccessor(api, revision)) ?? revision;
  }
  return undefined;
}

function isNewer(one: Revision, other: Revision): boolean {
  return Date.parse(one.createTime) > Date.parse(other.createTime);
}
