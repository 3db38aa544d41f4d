import { type Action, startProgress, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud/commands.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceApi } from '../service/api.ts';
import { readRunningIfThere } from '../service/named-revision.ts';
import type { Revision, Service } from '../service/service.ts';
import { describeCondition, isSettled, lookAfterChange, waitUntilSettled } from '../service/settle.ts';
import { describeShares, type Share, servedShares } from '../service/traffic.ts';
import type { ServiceLocation } from '../service-location.ts';
import { replacedSplit, standsInFor } from './bookkeeping.ts';
import { type CarriedOut, carryOut } from './carry-out.ts';
import { fulfils, isMaintenanceOn, type MaintenanceWish } from './environment.ts';
import { describeOutcome, type MaintenanceOutcome } from './outcome.ts';
import {
  type MaintenanceOptions,
  type NewestTemplate,
  planMaintenance,
  type Situation,
  type SplitBefore,
} from './plan.ts';
import type { MaintenanceValues } from './values.ts';

/** Opens a maintenance window, or refuses before anything is changed. */
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

/**
 * Makes sure that the requested window can be opened. Call this before anything is changed for the window, such as its
 * token.
 */
export function checkWindow(
  openApi: () => Promise<ServiceApi>,
  values: MaintenanceValues,
  options: MaintenanceOptions,
): Action<void> {
  return {
    async perform() {
      planMaintenance(await look(await openApi(), () => {}), { mode: 'on', values }, options);
    },
  };
}

async function setMaintenance(
  api: ServiceApi,
  wish: MaintenanceWish,
  options: MaintenanceOptions,
): Promise<MaintenanceOutcome> {
  const progress = await startProgress(`maintenance mode of ${api.location.service}: ${wish.mode}`);
  try {
    const situation = await look(api, progress.update);
    const { service, serving, base, newest } = situation;
    const plan = planMaintenance(situation, wish, options);
    const isOpen = serving.every(({ template }) => isMaintenanceOn(template));
    const carriedOut = await carryOut(plan, {
      api,
      service,
      base: base?.name,
      newestRevision: newest.revision,
      mode: wish.mode,
      isOpen,
      tell: progress.update,
    });
    const done = { service, ...carriedOut, rotated: options.rotated };
    const changes = Object.keys(plan).length > 0;
    const outcome = changes
      ? await lookAfterChange(api, undefined, () => verify(api, wish, done))
      : await verify(api, wish, done);
    progress.done(describeOutcome(outcome));
    return outcome;
  } finally {
    progress.stop();
  }
}

async function look(api: ServiceApi, tell: (text: string) => void): Promise<Situation> {
  const service = await readSettled(api, tell);
  const shares = servedShares(service);
  const [first] = shares;
  const [serving, base, newest, before] = await Promise.all([
    readAll(api, shares),
    first === undefined ? undefined : api.readRunningRevision(first.revision),
    findNewestTemplate(api, service),
    findSplitBefore(api, service),
  ]);
  return { location: api.location, service, serving, base, newest, before };
}

async function readSettled(api: ServiceApi, tell: (text: string) => void): Promise<Service> {
  const found = await api.read();
  if (isSettled(found, found.generation)) return found;
  tell(`waiting first for ${found.name}: ${describeCondition(found.ready)}`);
  return waitUntilSettled(api, found);
}

/** The split that an open window replaced, and whether its revisions still exist and can serve. */
async function findSplitBefore(api: ServiceApi, service: Service): Promise<SplitBefore | undefined> {
  const shares = replacedSplit(service);
  if (shares === undefined) return undefined;
  const problems = await Promise.all(shares.map(({ revision }) => whyNotBackTo(api, revision)));
  return { shares, problem: problems.find((problem) => problem !== undefined) };
}

async function whyNotBackTo(api: ServiceApi, name: string): Promise<string | undefined> {
  const revision = await readRunningIfThere(api, name);
  if (revision === undefined) return `revision ${name} no longer exists`;
  if (revision.ready.state === 'failed')
    return `revision ${name} is not ready (${describeCondition(revision.ready)})`;
  return isMaintenanceOn(revision.template) ? `revision ${name} is in maintenance mode itself` : undefined;
}

/**
 * The template that the next deployment should build on. Usually, this is the service's own. If an unfinished window
 * has replaced that, it is the one from before the window.
 */
async function findNewestTemplate(api: ServiceApi, service: Service): Promise<NewestTemplate> {
  const replaced = standsInFor(service);
  const before = replaced === undefined ? undefined : await readRunningIfThere(api, replaced);
  if (before !== undefined) {
    return {
      revision: before.name,
      template: before.template,
      imageDigest: before.imageDigest,
      isReplaced: true,
    };
  }
  const { latestCreatedRevision: revision, template } = service;
  const newest = revision === undefined ? undefined : await readRunningIfThere(api, revision);
  return { revision, template, imageDigest: newest?.imageDigest, isReplaced: false };
}

/** What was done, the service as it was before, and whether a new token was stored. */
type Done = CarriedOut & { service: Service; rotated: boolean };

/** Checks what serves: every revision that gets traffic must be in the requested mode. */
async function verify(
  api: ServiceApi,
  wish: MaintenanceWish,
  { service: before, revision, successors, notes, rotated }: Done,
): Promise<MaintenanceOutcome> {
  const service = await api.read();
  const after = servedShares(service);
  const isInMode = (await readAll(api, after)).every(({ template }) => fulfils(template, wish));
  // Instances read the token only when they start. If a new token was stored, all traffic must be on the new revision.
  const isServing = isInMode && (!rotated || after.every((share) => share.revision === revision));
  if (!isServing) {
    throw new UserError(
      `maintenance mode is not ${wish.mode}: ${describeShares(after)} serves (${describeCondition(service.ready)})`,
      {
        hint: `Look at what serves, then run this again: it continues from there.\n  ${serviceCommand(api.location, 'maintenance-mode', ['status'])}`,
      },
    );
  }
  return {
    service: service.name,
    mode: wish.mode,
    changed: service.generation !== before.generation,
    revision,
    before: servedShares(before),
    after,
    ...(service.url !== undefined && { url: service.url }),
    successors,
    notes,
    state: 'serving',
  };
}

function readAll(api: ServiceApi, shares: readonly Share[]): Promise<Revision[]> {
  return Promise.all(shares.map(({ revision }) => api.readRevision(revision)));
}
