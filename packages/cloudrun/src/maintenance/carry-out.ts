import { UserError } from '@deploy/cli';
import type { ServiceApi, ServiceChange } from '../service/api.ts';
import { changeService } from '../service/change.ts';
import { newNonce, withNonce } from '../service/nonce.ts';
import { ownRevision, requireReadyRevision } from '../service/own-revision.ts';
import type { Revision, RevisionTemplate, Service } from '../service/service.ts';
import { describeCondition, waitUntilSettled } from '../service/settle.ts';
import { assignTraffic, pinLatest, type TrafficSplit } from '../service/traffic.ts';
import { forgetSplit, type MaintenancePlan, recordSplit } from './plan.ts';

export type CarryOutContext = {
  api: ServiceApi;
  /** As it was when the plan was made. */
  service: Service;
  mode: 'on' | 'off';
  /** Whether all that serves is in maintenance mode already. */
  isOpen: boolean;
  tell(text: string): void;
};

/** Does what was planned; gives the revision that it is about, ready, if there is one. Throws a UserError. */
export async function carryOut(plan: MaintenancePlan, context: CarryOutContext): Promise<string | undefined> {
  const { service } = context;
  switch (plan.kind) {
    case 'nothing':
      return undefined;
    case 'restore':
      await makeRevision(plan.template, context, {
        traffic: assignTraffic(service.traffic, plan.shares),
        annotations: forgetSplit(service),
      });
      return undefined;
    case 'prepared':
      if (plan.traffic === 'move') await moveTraffic(plan.revision, context);
      return plan.revision;
    case 'new-revision': {
      const { name } = await makeRevision(plan.template, context, {
        traffic: trafficMeanwhile(plan, service),
      });
      if (plan.traffic === 'move')
        await moveTraffic(name, context).catch((error) => afterMaking(name, error));
      return name;
    }
  }
}

/** Until traffic is moved to it, or for good, a new revision gets none: not even the share that is for LATEST. */
function trafficMeanwhile(
  { traffic }: MaintenancePlan & { kind: 'new-revision' },
  service: Service,
): TrafficSplit {
  return traffic === 'follows' || service.latestReadyRevision === undefined
    ? service.traffic
    : pinLatest(service.traffic, service.latestReadyRevision);
}

async function makeRevision(
  template: RevisionTemplate,
  { api, service, tell }: CarryOutContext,
  rest: Omit<ServiceChange, 'template'>,
): Promise<Revision> {
  const nonce = newNonce();
  const { revision: _, ...unnamed } = template;
  const change = { ...rest, template: withNonce(unnamed, nonce) };
  const accepted = await changeService(api, unlessChanged(service, change), tell);
  const settled = await waitUntilSettled(api, accepted.generation, (now) =>
    tell(`waiting for ${now.name}: ${describeCondition(now.ready)}`),
  );
  const revision = await ownRevision(api, settled, nonce);
  requireReadyRevision(revision, accepted.before, settled);
  return revision;
}

async function moveTraffic(revision: string, { api, mode, isOpen, tell }: CarryOutContext): Promise<void> {
  const service = await api.read();
  tell(`moving the traffic to ${revision}`);
  const change = {
    traffic: assignTraffic(service.traffic, [{ revision, percent: 100 }]),
    annotations: mode === 'on' ? recordSplit(service, { isOpen, revision }) : forgetSplit(service),
  };
  const accepted = await changeService(api, unlessChanged(service, change), tell);
  await waitUntilSettled(api, accepted.generation);
}

/** The traffic did not move, or may not have: what was made for it before must not go unsaid. */
function afterMaking(revision: string, error: unknown): never {
  if (!(error instanceof UserError)) throw error;
  throw new UserError(`${error.message}; revision ${revision} was made before that`, {
    hint: `${error.hint ?? ''} When run again, this goes on from what it finds.`.trim(),
    cause: error,
  });
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
