import { type Action, startProgress, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud-commands.ts';
import type { ServiceApi } from '../service/api.ts';
import type { Revision, Service } from '../service/service.ts';
import { describeCondition, isSettled, lookAfterChange, waitUntilSettled } from '../service/settle.ts';
import { describeShares, type Share, sharesOf } from '../service/traffic.ts';
import type { ServiceLocation } from '../service-location.ts';
import { carryOut } from './carry-out.ts';
import { fulfils, isMaintenanceOn, type MaintenanceWish } from './environment.ts';
import { describeOutcome, type MaintenanceOutcome } from './outcome.ts';
import { type MaintenanceOptions, type MaintenancePlan, planMaintenance, type Surroundings } from './plan.ts';
import type { MaintenanceValues } from './values.ts';

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

/** For how much of the traffic maintenance mode is on, in percent. */
export async function maintenancePercent(api: ServiceApi, service: Service): Promise<number> {
  const shares = sharesOf(service.served, service.latestReadyRevision);
  const revisions = await readAll(api, shares);
  return shares.reduce((sum, { percent }, i) => {
    const revision = revisions[i];
    return revision !== undefined && isMaintenanceOn(revision.template) ? sum + percent : sum;
  }, 0);
}

async function setMaintenance(
  api: ServiceApi,
  wish: MaintenanceWish,
  options: MaintenanceOptions,
): Promise<MaintenanceOutcome> {
  const progress = await startProgress(`maintenance mode of ${api.location.service}: ${wish.mode}`);
  try {
    const surroundings = await look(api, progress.update);
    const { service, serving } = surroundings;
    const plan = planMaintenance(surroundings, wish, options);
    const isOpen = serving.every(({ template }) => isMaintenanceOn(template));
    const revision = await carryOut(plan, {
      api,
      service,
      mode: wish.mode,
      isOpen,
      tell: progress.update,
    });
    const done = { service, plan, revision, rotated: options.rotated };
    const outcome =
      plan.kind === 'nothing'
        ? await verify(api, wish, done)
        : await lookAfterChange(api, undefined, () => verify(api, wish, done));
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
  const [serving, newest] = await Promise.all([
    // A new revision may be built from one of these.
    Promise.all(
      sharesOf(service.served, service.latestReadyRevision).map(({ revision }) =>
        api.readRunningRevision(revision),
      ),
    ),
    service.latestCreatedRevision === undefined ? undefined : api.readRevision(service.latestCreatedRevision),
  ]);
  return { service, serving, newest: newest?.ready.state === 'succeeded' ? newest : undefined };
}

type Done = { service: Service; plan: MaintenancePlan; revision: string | undefined; rotated: boolean };

/** The verdict is what serves: every revision that gets traffic now is asked for its mode. */
async function verify(
  api: ServiceApi,
  wish: MaintenanceWish,
  { service: before, plan, revision, rotated }: Done,
): Promise<MaintenanceOutcome> {
  const service = await api.read();
  const after = sharesOf(service.served, service.latestReadyRevision);
  const isInMode = (await readAll(api, after)).every(({ template }) => fulfils(template, wish));
  // A new token is known only to instances that started after it was stored: to the new revision's.
  const isServing = isInMode && (!rotated || after.every((share) => share.revision === revision));
  const mayBePrepared = 'traffic' in plan && plan.traffic === 'stays';
  if (!isServing && !mayBePrepared) {
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
    changed: service.generation !== before.generation,
    revision,
    before: sharesOf(before.served, before.latestReadyRevision),
    after,
    state: isServing ? 'serving' : 'prepared',
  };
}

function readAll(api: ServiceApi, shares: readonly Share[]): Promise<Revision[]> {
  return Promise.all(shares.map(({ revision }) => api.readRevision(revision)));
}
