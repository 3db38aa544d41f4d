import { isDeepStrictEqual } from 'node:util';
import { changesSent, extendedError, Interrupted, UserError } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceApi, ServiceChange } from '../service/api.ts';
import { changedBy, changeService } from '../service/change.ts';
import { requireNotMadeAnew } from '../service/made-anew.ts';
import { inventRevisionName, newWindowNonce, withNonce } from '../service/nonce.ts';
import { ownRevision, requireReadyRevision } from '../service/own-revision.ts';
import type { Service } from '../service/service.ts';
import { describeCondition, waitForChange } from '../service/settle.ts';
import type { RevisionTemplate } from '../service/template.ts';
import {
  assignTraffic,
  describeShares,
  followsLatest,
  pinServed,
  type Share,
  sameShares,
  servedShares,
  type TrafficSplit,
} from '../service/traffic.ts';
import {
  forgetSplit,
  forgetStandIn,
  recordSplit,
  recordStandIn,
  storesSplit,
  withSplitOf,
} from './bookkeeping.ts';
import type { Successor } from './outcome.ts';
import type { MaintenancePlan } from './plan.ts';

export type CarryOutContext = {
  api: ServiceApi;
  /** The service as it was when the plan was made. */
  service: Service;
  /** The revision that has the most traffic; the window's revision is made from it. */
  base: string | undefined;
  /** The revision that the newest template belongs to. */
  newestRevision: string | undefined;
  mode: 'on' | 'off';
  /** Whether all revisions that get traffic are already in maintenance mode. */
  isOpen: boolean;
  tell(text: string): void;
};

/**
 * What was done. `revision` was made for the window, if one was needed. `successors` are the copies of revisions, with
 * maintenance mode off, that were made to close the window. `notes` are for the operator.
 */
export type CarriedOut = { revision: string | undefined; successors: Successor[]; notes: string[] };

/**
 * Carries out a plan. The newest template is changed last: its revision may not start, and the public must not have to
 * wait for it. Throws a UserError when a change fails.
 */
export async function carryOut(plan: MaintenancePlan, context: CarryOutContext): Promise<CarriedOut> {
  const notes = plan.note === undefined ? [] : [plan.note];
  const successors: Successor[] = [];
  const addSuccessor = (of: string | undefined, made: string): void => {
    if (context.mode === 'off' && of !== undefined) successors.push({ of, revision: made });
  };
  let revision: string | undefined;
  let { service } = context;
  if (plan.window !== undefined) {
    ({ revision, service } = await makeAndServe(plan, plan.window, context));
    addSuccessor(context.base, revision);
  }
  if (plan.restore !== undefined) service = await giveBack(plan.restore, context, service);
  if (plan.newest !== undefined) {
    const { made, warning } = await writeNewest(plan.newest, context, service);
    if (warning === undefined) addSuccessor(context.newestRevision, made);
    else notes.push(warning);
    if (followsLatest(context.service.traffic)) notes.push(nowPinned(service));
  } else if (context.mode === 'off' && storesSplit(service.annotations)) {
    notes.push(...(await forgetStoredSplit(context, service)));
  }
  return { revision, successors, notes };
}

async function makeAndServe(
  plan: MaintenancePlan,
  { template, traffic }: NonNullable<MaintenancePlan['window']>,
  context: CarryOutContext,
): Promise<{ revision: string; service: Service }> {
  const { api, service: before, newestRevision } = context;
  const nonce = newWindowNonce();
  const sentBefore = changesSent();
  const standIn = plan.newest &&
    newestRevision && { name: inventRevisionName(before), replaced: newestRevision };
  let written = asNew(template, nonce);
  if (standIn) written = { ...written, revision: standIn.name };
  try {
    const made = await write(context, before, {
      template: written,
      traffic: traffic === 'follows' ? before.traffic : pinServed(before),
      ...(standIn && {
        annotations: recordStandIn(before.annotations, standIn.name, standIn.replaced),
      }),
    });
    written = made.template;
    const revision = await ownRevision(api, made, nonce);
    await requireReadyRevision(api, revision, { before, settled: made });
    if (traffic === 'follows') return { revision: revision.name, service: made };
    return { revision: revision.name, service: await moveTraffic(revision.name, context, made) };
  } catch (error) {
    if (error instanceof Interrupted)
      throw changesSent() === sentBefore ? error : withWayBack(error, context);
    throw await restoreNewestTemplate(plan.fallback, { written, nonce }, context, error);
  }
}

/**
 * Forgets the split from before a window that is closed. The public is served again by now, so a failure is only a note:
 * a split that stays stored counts for nothing unless the window's revision gets all the traffic once more.
 */
async function forgetStoredSplit(context: CarryOutContext, service: Service): Promise<string[]> {
  try {
    await write(context, service, {
      traffic: service.traffic,
      annotations: forgetSplit(service.annotations),
    });
    return [];
  } catch (problem) {
    if (!(problem instanceof UserError) || problem instanceof Interrupted) throw problem;
    return [
      `the split from before the window is still stored on the service (${problem.message}); running this again removes it`,
    ];
  }
}

/**
 * Gives the traffic back to the revisions that had it before the window. The service stores their split until this has
 * worked, so that running this again can still give it back.
 */
async function giveBack(
  shares: readonly Share[],
  context: CarryOutContext,
  service: Service,
): Promise<Service> {
  context.tell('giving the traffic back');
  const traffic = assignTraffic(service.traffic, shares);
  const settled = await write(context, service, { traffic });
  if (sameShares(settled.served, traffic)) return settled;
  const serving = describeShares(servedShares(settled));
  const failure = new UserError(
    `the platform did not give the traffic back to ${describeShares(shares)}: ${describeCondition(settled.ready)}`,
    { hint: `${serving} still serves, in maintenance mode. Running this again tries it once more.` },
  );
  try {
    // The failed split would stay the target, and asking for it once more would then change nothing.
    await write(context, settled, { traffic: pinServed(settled) });
  } catch (problem) {
    if (!(problem instanceof UserError) || problem instanceof Interrupted) throw problem;
  }
  throw failure;
}

async function moveTraffic(revision: string, context: CarryOutContext, service: Service): Promise<Service> {
  const { mode, isOpen, tell } = context;
  tell(`moving the traffic to ${revision}`);
  const traffic = assignTraffic(service.traffic, [{ revision, percent: 100 }]);
  try {
    const settled = await write(context, service, {
      traffic,
      ...(mode === 'on' && { annotations: recordSplit(service, { isOpen, revision }) }),
    });
    if (sameShares(settled.served, traffic)) return settled;
    throw new UserError(`the platform did not shift the traffic: ${describeCondition(settled.ready)}`);
  } catch (error) {
    throw addTo(
      error,
      `; revision ${revision} was made before that`,
      'Running this again continues from there.',
    );
  }
}

/**
 * Writes the newest template. If its revision does not start, this only gives a warning, because that revision gets no
 * traffic.
 */
async function writeNewest(
  template: RevisionTemplate,
  context: CarryOutContext,
  service: Service,
): Promise<{ made: string; warning?: string }> {
  const { api, mode, tell } = context;
  const nonce = newWindowNonce();
  tell('writing the newest template, for the next deployment');
  try {
    const settled = await write(context, service, {
      template: asNew(template, nonce),
      traffic: pinServed(service),
      annotations: forgetStandIn(mode === 'off' ? forgetSplit(service.annotations) : service.annotations),
    });
    const { name, ready } = await ownRevision(api, settled, nonce);
    if (ready.state === 'succeeded') return { made: name };
    const warning = `warning: revision ${name}, made from the newest template with these variables merged, is not ready (${describeCondition(ready)}); it gets no traffic`;
    return { made: name, warning };
  } catch (error) {
    throw addTo(
      error,
      `; the service was changed before that: maintenance mode is ${mode} for the public, but the newest template was not updated`,
      'Running this again continues from there.',
    );
  }
}

/**
 * Adds how to give up a window that was interrupted after a write. The message does not say whether the window is open,
 * because it may still open.
 */
function withWayBack(error: Interrupted, { api, mode }: CarryOutContext): unknown {
  if (mode === 'off') return error;
  const disable = serviceCommand(api.location, 'maintenance-mode', ['disable']);
  return addTo(error, '', `To give up the window, instead of running this again to finish it:\n  ${disable}`);
}

/**
 * Restores the newest template after opening or closing a window has failed, so that the next deployment is not built
 * in maintenance mode. Restores nothing if the change may be in force after all, or if someone else has deployed. In
 * these cases the operator can go on by running the same command again. Returns the error to throw.
 */
async function restoreNewestTemplate(
  fallback: RevisionTemplate | undefined,
  { written, nonce }: { written: RevisionTemplate; nonce: string },
  context: CarryOutContext,
  error: unknown,
): Promise<unknown> {
  if (fallback === undefined || !(error instanceof UserError)) return error;
  const { api, mode, newestRevision, tell } = context;
  try {
    const service = await api.read();
    // Nothing to restore: the platform did not even accept the change.
    if (service.generation === context.service.generation) return error;
    if (!isDeepStrictEqual(service.template, written))
      return addTo(error, '', `Before the window, the newest template was that of ${newestRevision}.`);
    const made = await api.findRevision(nonce);
    const isOurs = (split: TrafficSplit) =>
      split.some(({ revision, percent }) => revision !== undefined && revision === made?.name && percent > 0);
    // Restore nothing while the traffic is on the window's revision, or may still get there because the service is
    // changing.
    if (isOurs(service.served) || (service.reconciling && isOurs(service.traffic))) return error;
    tell('restoring the newest template');
    await write(context, service, {
      template: asNew(fallback, newWindowNonce()),
      traffic: isOurs(service.traffic) ? pinServed(service) : service.traffic,
      annotations: forgetStandIn(withSplitOf(context.service.annotations, service.annotations)),
    });
  } catch (problem) {
    if (!(problem instanceof UserError)) throw problem;
    return addTo(
      error,
      '',
      `The newest template is still the window's (${problem.message}); to restore it: ${serviceCommand(context.api.location, 'maintenance-mode', ['disable'])}`,
    );
  }
  return addTo(
    error,
    '',
    `The newest template is again that of ${newestRevision}${mode === 'on' ? '' : ', with maintenance mode off'}.`,
  );
}

/**
 * Writes one change and waits until the service has settled. Throws a UserError if somebody else has changed the
 * service since `read`.
 */
async function write({ api, tell }: CarryOutContext, read: Service, change: ServiceChange): Promise<Service> {
  const plan = async (now: Service): Promise<ServiceChange> => {
    requireNotMadeAnew(api.location, read, now);
    if (now.generation !== read.generation) throw changedMeanwhile(now);
    return change;
  };
  const accepted = await changeService(api, plan, tell);
  const settled = await waitForChange(api, accepted, tell);
  // If somebody else has changed the service meanwhile, they may have replaced the split or the template that the next
  // steps build on.
  if (settled.generation !== accepted.generation) throw changedMeanwhile(settled);
  return settled;
}

/** The error for a service that somebody else has changed since the plan was made: the plan no longer holds. */
function changedMeanwhile(now: Service): UserError {
  return new UserError(`${changedBy(now)}, while the maintenance window was being prepared`, {
    hint: 'Look at what they did, then run this again: it continues from there.',
  });
}

/** The template with this nonce, and without the name of the revision that was last made from it. */
function asNew({ revision: _, ...template }: RevisionTemplate, nonce: string): RevisionTemplate {
  return withNonce(template, nonce);
}

function nowPinned({ name }: Service): string {
  return (
    `traffic of ${name} followed LATEST and is now pinned, because the newest revision is not the one that served; ` +
    `to follow LATEST again after the window: gcloud run services update-traffic ${name} --to-latest`
  );
}

function addTo(error: unknown, message: string, hint: string): unknown {
  return error instanceof UserError ? extendedError(error, message, hint) : error;
}
