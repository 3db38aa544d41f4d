import { Interrupted, UserError } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import type { Service } from './service.ts';
import { servedShares } from './traffic.ts';

/** The two revisions of a split, with the roles that the operator gave them, and the canary's share. */
export type NamedRoles = { stable: string; canary: string; canaryPercent: number };

/** The roles of the revisions according to the rollout's report; undefined where it does not say. */
export type ReportedRoles = {
  stable: string | undefined;
  canary: string | undefined;
  /** Whether the canary had traffic and was rolled back by hand. */
  isRolledBack: boolean;
  source: string;
};

export type RolesCheck = { named: NamedRoles; reported?: ReportedRoles | undefined };

/**
 * Throws a UserError when the stable revision and the canary were swapped, because the real canary would then get the
 * share of the stable revision: 95 % instead of 5 %. The rollout's report says which is which. If it does not, the two
 * count as swapped when the one named as the canary is older and has the larger share now.
 */
export async function requireNotSwapped(
  api: ServiceApi,
  service: Service,
  { named, reported }: RolesCheck,
): Promise<void> {
  const sign = byReport(named, reported) ?? (await byWhatServes(api, service, named, reported));
  if (sign === undefined) return;
  const { stable, canary, canaryPercent } = named;
  throw new UserError(
    `stable and canary seem to be swapped: ${sign}, and this would give ${100 - canaryPercent} % to ${stable}`,
    {
      hint: [
        'Nothing was changed. To shift the other way round:',
        `  ${serviceCommand(api.location, 'canary-rollout', ['set-traffic', canary, stable, String(canaryPercent)])}`,
        'To shift the traffic as given anyway: SKIP_STABLE_CHECK=1',
      ].join('\n'),
    },
  );
}

/** Throws a UserError when a rollback would give all the traffic to the revision that the report calls the canary. */
export function requireBackwards(
  at: ServiceLocation,
  { to, reported }: { to: string; reported: ReportedRoles | undefined },
): void {
  if (reported?.canary !== to || reported.stable === to) return;
  const { stable, source } = reported;
  const back =
    stable === undefined ? [] : [`  ${serviceCommand(at, 'canary-rollout', ['rollback', stable])}`];
  throw new UserError(`${to} is the canary according to ${source}, so this would go forwards, not back`, {
    hint: [
      `Nothing was changed.${stable === undefined ? '' : ' To go back:'}`,
      ...back,
      'To give it all the traffic anyway: SKIP_STABLE_CHECK=1',
    ].join('\n'),
  });
}

/**
 * Why a rollback to this revision is probably the wrong way round: an older revision has the most traffic. Undefined
 * when nothing speaks against the rollback, or when the revisions cannot be read.
 */
export async function whyForwards(
  api: ServiceApi,
  service: Service,
  { to, reported }: { to: string; reported: ReportedRoles | undefined },
): Promise<string | undefined> {
  const [most] = servedShares(service);
  if (reported?.stable === to || most === undefined || most.revision === to) return undefined;
  try {
    const [one, other] = await Promise.all([api.readRevision(to), api.readRevision(most.revision)]);
    return Date.parse(one.createTime) > Date.parse(other.createTime)
      ? `${to} is newer than ${most.revision}, which has ${most.percent} % of the traffic`
      : undefined;
  } catch (error) {
    // The result is only a remark for the operator, and a rollback must not fail for lack of a remark.
    if (error instanceof UserError && !(error instanceof Interrupted)) return undefined;
    throw error;
  }
}

function byReport({ stable, canary }: NamedRoles, reported: ReportedRoles | undefined): string | undefined {
  if (reported === undefined) return undefined;
  if (reported.stable === canary) return `according to ${reported.source}, ${canary} is the stable revision`;
  if (reported.canary === stable) return `according to ${reported.source}, ${stable} is the canary`;
  return undefined;
}

async function byWhatServes(
  api: ServiceApi,
  service: Service,
  { stable, canary }: NamedRoles,
  reported: ReportedRoles | undefined,
): Promise<string | undefined> {
  // The report confirms which revision is the stable one, so the order is right, whatever serves now.
  if (reported?.stable === stable) return undefined;
  const shares = servedShares(service);
  const percentOf = (name: string): number => shares.find(({ revision }) => revision === name)?.percent ?? 0;
  if (percentOf(canary) <= percentOf(stable)) return undefined;
  const [one, other] = await Promise.all([api.readRevision(stable), api.readRevision(canary)]);
  return Date.parse(other.createTime) < Date.parse(one.createTime)
    ? `${canary} has ${percentOf(canary)} % of the traffic and is older than ${stable}`
    : undefined;
}
