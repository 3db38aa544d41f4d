import { type NextStep, type Output, performAction, showNext } from '@deploy/cli';
import {
  accountOf,
  type CanaryCall,
  type Connection,
  laterDeployment,
  nextSteps,
  openServiceApi,
  requireBackwards,
  rollback,
  type Service,
  type ServiceApi,
  type ServiceLocation,
  type Share,
  serviceCommand,
  setTraffic,
  stableRevision,
  type TrafficChange,
  whyForwards,
} from '@deploy/cloudrun';
import { type JoinRequest, joinEvidence, reportedRoles } from '@deploy/report';

export type ShiftCall = Extract<CanaryCall, { action: 'set-traffic' | 'rollback' }>;

export type ShiftRequest = {
  values: Omit<JoinRequest, 'note'> & {
    dryRun: boolean;
    skipMaintenanceCheck: boolean;
    skipStableCheck: boolean;
  };
  connection: Connection;
  location: ServiceLocation;
  out: Output;
};

/** Shifts traffic as the operator asked, and adds the change to the report of the rollout. */
export async function shiftTraffic(
  call: ShiftCall,
  { values, connection, location, out }: ShiftRequest,
): Promise<void> {
  const openApi = () => openServiceApi(connection, location);
  const shares = sharesFor(call);
  const account = () => accountOf(connection);
  // A rollback must go ahead even if its report cannot be read.
  const isUrgent = call.action === 'rollback';
  const evidence = await joinEvidence({ ...values, location, account, isUrgent, note: out.note });
  const work = async () => {
    const shifted = await performAction(await actionOf(evidence.path), { dryRun: values.dryRun, out });
    if (shifted.dryRun) return;
    const { outcome: change } = shifted;
    // An unchanged split is not recorded: it would count as a new split, for which there are no smoke runs yet.
    if (change.isUnchanged !== true)
      await evidence.record({ kind: 'trafficShifted', change, stable: stableRevision(change.before) });
    const lacksHealthSmoke = change.isUnchanged !== true || (await lacksSmokeBy(evidence.path));
    showNext({ out }, nextAfter(call, change, location, lacksHealthSmoke));
  };
  const actionOf = async (report: string | undefined) => {
    if (values.skipStableCheck) return setTraffic(openApi, location, shares, values);
    if (call.action === 'rollback') {
      // An unreadable report must not stop a rollback.
      const reported = await reportedRoles(report).catch(() => undefined);
      const remark = async (api: ServiceApi, now: Service) => {
        requireBackwards(location, { to: call.stable, reported });
        const why = await whyForwards(api, now, { to: call.stable, reported });
        if (why !== undefined) out.note(`warning: this goes forwards, not back: ${why}`);
      };
      return rollback(openApi, location, call.stable, { ...values, remark });
    }
    const roles = { named: call, reported: await reportedRoles(report) };
    const remark = async (api: ServiceApi, now: Service) => {
      const later = call.canaryPercent === 0 ? undefined : await laterDeployment(api, now, call);
      if (later !== undefined) out.note(`warning: ${later.name} was deployed after ${call.canary}`);
    };
    return setTraffic(openApi, location, shares, { ...values, roles, remark });
  };
  await evidence.step(
    `canary-rollout ${call.action}`,
    work,
    shares.filter(({ percent }) => percent > 0),
  );
}

/** Whether the report lacks a health smoke of the present split. Runs from before the last shift do not count. */
async function lacksSmokeBy(report: string | undefined): Promise<boolean> {
  const reported = await reportedRoles(report).catch(() => undefined);
  return reported?.lacksHealthSmoke ?? false;
}

function nextAfter(
  call: ShiftCall,
  { after, url }: TrafficChange,
  location: ServiceLocation,
  lacksHealthSmoke: boolean,
): NextStep[] {
  const { stable, canary } = call.action === 'set-traffic' ? call : { stable: undefined, canary: undefined };
  const steps = nextSteps(location, { shares: after, stable, canary, lacksHealthSmoke, baseUrl: url });
  const look = serviceCommand(location, 'canary-rollout', ['status']);
  return steps.length > 0 ? steps : [{ says: 'next, to see how the service stands', command: look }];
}

function sharesFor(call: ShiftCall): Share[] {
  if (call.action === 'rollback') return [{ revision: call.stable, percent: 100 }];
  return [
    { revision: call.stable, percent: 100 - call.canaryPercent },
    { revision: call.canary, percent: call.canaryPercent },
  ];
}
