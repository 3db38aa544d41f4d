import { type Action, startProgress, UserError } from '@deploy/cli';
import type { ServiceApi, ServiceChange } from '../api.ts';
import { changeService } from '../change.ts';
import { gcloudCommands, type ServiceLocation } from '../gcloud-commands.ts';
import { newNonce, withNonce } from '../nonce.ts';
import { ownRevision, requireReadyRevision } from '../own-revision.ts';
import type { Revision, RevisionTemplate, Service } from '../service.ts';
import { describeCondition, isSettled, waitUntilSettled } from '../settle.ts';
import { assignTraffic, describeShares, type Share, sharesOf } from '../traffic.ts';
import { fulfils, isMaintenanceOn, type MaintenanceWish } from './environment.ts';
import {
  forgetSplit,
  type MaintenanceOptions,
  type MaintenancePlan,
  planMaintenance,
  recordSplit,
  type Surroundings,
} from './plan.ts';
import type { MaintenanceValues } from './values.ts';

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
   * `serving`: all traffic goes to revisions in this mode. `prepared`: the revision is ready but gets no traffic, since
   * traffic is pinned to others.
   */
  state: 'serving' | 'prepared';
};

export function enableMaintenance(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  values: MaintenanceValues,
  options: MaintenanceOptions,
): Action<MaintenanceOutcome> {
  return {
    announcement: gcloudCommands.enableMaintenance(location, values),
    perform: async () => setMaintenance(await openApi(), { mode: 'on', values }, options),
  };
}

export function disableMaintenance(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  options: Pick<MaintenanceOptions, 'moveTraffic'>,
): Action<MaintenanceOutcome> {
  return {
    announcement: gcloudCommands.disableMaintenance(location),
    perform: async () => setMaintenance(await openApi(), { mode: 'off' }, { ...options, rotated: false }),
  };
}

async function setMaintenance(
  api: ServiceApi,
  wish: MaintenanceWish,
  options: MaintenanceOptions,
): Promise<MaintenanceOutcome> {
  const progress = await startProgress(`maintenance mode of ${api.location.service}: ${wish.mode}`);
  const tell = progress.update;
  try {
    const surroundings = await look(api, tell);
    const plan = planMaintenance(surroundings, wish, options);
    const revision = await carryOut(api, surroundings.service, plan, tell);
    const outcome = await verify(api, wish, { surroundings, plan, revision });
    progress.done(describeOutcome(outcome));
    return outcome;
  } finally {
    progress.stop();
  }
}

async function look(api: ServiceApi, tell: (text: string) => void): Promise<Surroundings> {
  const found = await api.read();
  if (!isSettled(found, found.generation))
    tell(`waiting first for ${found.name}: ${describeCondition(found.ready)}`);
  const service = await waitUntilSettled(api, found.generation);
  const shares = sharesOf(service.served, service.latestReadyRevision);
  const [serving, newest] = await Promise.all([
    Promise.all(shares.map(({ revision }) => api.readRevision(revision))),
    service.latestCreatedRevision === undefined ? undefined : api.readRevision(service.latestCreatedRevision),
  ]);
  return { service, serving, newest: newest?.ready.state === 'succeeded' ? newest : undefined };
}

/** Does what was planned; gives the revision that it is about, ready, if there is one. */
async function carryOut(
  api: ServiceApi,
  service: Service,
  plan: MaintenancePlan,
  tell: (text: string) => void,
): Promise<string | undefined> {
  switch (plan.kind) {
    case 'nothing':
      tell(`nothing to change: ${plan.because}`);
      return undefined;
    case 'restore':
      await makeRevision(api, service, plan.template, tell, {
        traffic: assignTraffic(service.traffic, plan.shares),
        annotations: forgetSplit(service),
      });
      return undefined;
    case 'prepared':
      if (plan.traffic === 'move') await moveTraffic(api, plan.revision, tell);
      return plan.revision;
    case 'new-revision': {
      const { name } = await makeRevision(api, service, plan.template, tell, { traffic: service.traffic });
      if (plan.traffic === 'move') await moveTraffic(api, name, tell);
      return name;
    }
  }
}

async function makeRevision(
  api: ServiceApi,
  planned: Service,
  template: RevisionTemplate,
  tell: (text: string) => void,
  rest: Omit<ServiceChange, 'template'>,
): Promise<Revision> {
  const nonce = newNonce();
  const { revision: _, ...unnamed } = template;
  const change = { ...rest, template: withNonce(unnamed, nonce) };
  const accepted = await changeService(api, unlessChanged(planned, change), tell);
  const settled = await waitUntilSettled(api, accepted.generation, (now) =>
    tell(`waiting for ${now.name}: ${describeCondition(now.ready)}`),
  );
  const revision = await ownRevision(api, settled, nonce);
  requireReadyRevision(revision, accepted.before, settled);
  return revision;
}

async function moveTraffic(api: ServiceApi, revision: string, tell: (text: string) => void): Promise<void> {
  const service = await api.read();
  tell(`moving the traffic to ${revision}`);
  const change = {
    traffic: assignTraffic(service.traffic, [{ revision, percent: 100 }]),
    annotations: recordSplit(service),
  };
  const accepted = await changeService(api, unlessChanged(service, change), tell);
  await waitUntilSettled(api, accepted.generation);
}

/** A window is planned from what serves; when that has been changed by somebody else, the plan no longer holds. */
function unlessChanged(planned: Service, change: ServiceChange) {
  return async (now: Service): Promise<ServiceChange> => {
    if (now.generation === planned.generation) return change;
    throw new UserError(
      `${now.lastModifier} changed service ${now.name} at ${now.updateTime}, while the maintenance window was being prepared`,
      { hint: 'Look at what they did, then run this again: it goes on from what it finds.' },
    );
  };
}

type Done = { surroundings: Surroundings; plan: MaintenancePlan; revision: string | undefined };

/** The verdict is what serves: every revision that gets traffic now is asked for its mode. */
async function verify(
  api: ServiceApi,
  wish: MaintenanceWish,
  { surroundings, plan, revision }: Done,
): Promise<MaintenanceOutcome> {
  const service = await api.read();
  const after = sharesOf(service.served, service.latestReadyRevision);
  const serving = await Promise.all(after.map((share) => api.readRevision(share.revision)));
  const isServing = serving.every(({ template }) => fulfils(template, wish));
  if (!isServing && (!('traffic' in plan) || plan.traffic !== 'stays')) {
    throw new UserError(
      `maintenance mode is not ${wish.mode}: ${describeShares(after)} serves (${describeCondition(service.ready)})`,
      {
        hint: 'Look at what serves (maintenance-mode.ts status), then run this again: it goes on from what it finds.',
      },
    );
  }
  return {
    service: service.name,
    mode: wish.mode,
    changed: plan.kind !== 'nothing',
    revision,
    before: sharesOf(surroundings.service.served, surroundings.service.latestReadyRevision),
    after,
    state: isServing ? 'serving' : 'prepared',
  };
}

function describeOutcome({ service, mode, changed, state, revision, after }: MaintenanceOutcome): string {
  if (!changed) return `maintenance mode of ${service} was ${mode} already; nothing was changed`;
  return state === 'serving'
    ? `maintenance mode of ${service} is ${mode} for all traffic (${describeShares(after)})`
    : `revision ${revision} is ready with maintenance mode ${mode}, but gets no traffic`;
}

/** Throws a UserError for a window that was prepared only, since its traffic is pinned elsewhere. */
export function requireServing({ mode, state, revision, service, after }: MaintenanceOutcome): void {
  if (state === 'serving') return;
  throw new UserError(
    `maintenance mode of ${service} is NOT ${mode}: traffic is pinned (${describeShares(after)}), so the new revision ${revision} gets none`,
    {
      hint: `To give it the traffic, and have the split put back later: MAINTENANCE_MOVE_TRAFFIC=1 maintenance-mode.ts ${mode === 'on' ? 'enable' : 'disable'}`,
    },
  );
}

/** For how much of the traffic maintenance mode is on. */
export async function maintenancePercent(api: ServiceApi, service: Service): Promise<number> {
  const shares = sharesOf(service.served, service.latestReadyRevision);
  const percents = await Promise.all(
    shares.map(async ({ revision, percent }) =>
      isMaintenanceOn((await api.readRevision(revision)).template) ? percent : 0,
    ),
  );
  return percents.reduce((sum, percent) => sum + percent, 0);
}
