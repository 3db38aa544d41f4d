import { type Action, startProgress, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import { type AcceptedChange, changedBy, changeService, type Plan } from './change.ts';
import { newNonce, withNonce } from './nonce.ts';
import { ownRevision, requireReadyRevision } from './own-revision.ts';
import type { RevisionTemplate, Service } from './service.ts';
import { describeCondition, isSettled, waitUntilSettled } from './settle.ts';
import { describeShares, followsLatest, pinLatest, type Share, sameSplit, sharesOf } from './traffic.ts';

/** A new revision that is ready and gets no traffic. */
export type Deployment = {
  service: string;
  image: string;
  revision: string;
  /** The revision that was the newest ready one until now. */
  previousRevision: string | undefined;
  /** What served before, and still serves. */
  traffic: Share[];
};

/** Makes a revision with another image and no traffic, as `gcloud run deploy --no-traffic` does. */
export function deployNoTraffic(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  image: string,
): Action<Deployment> {
  return {
    announcement: gcloudCommands.deployNoTraffic(location, image),
    perform: async () => deploy(await openApi(), image),
  };
}

async function deploy(api: ServiceApi, image: string): Promise<Deployment> {
  const { service } = api.location;
  const nonce = newNonce();
  const progress = await startProgress(`deploying ${image} to ${service} without traffic`);
  try {
    const accepted = await changeService(
      api,
      planDeployment(api, image, nonce, progress.update),
      progress.update,
    );
    const settled = await waitUntilSettled(api, accepted.generation, (now) =>
      progress.update(`waiting for ${service}: ${describeCondition(now.ready)}`),
    );
    const revision = await ownRevision(api, settled, nonce);
    requireReadyRevision(revision, accepted.before, settled);
    requireTrafficUntouched(accepted, settled);
    progress.done(`revision ${revision.name} is ready and gets no traffic`);
    return {
      service,
      image,
      revision: revision.name,
      previousRevision: accepted.before.latestReadyRevision,
      traffic: sharesOf(settled.served, settled.latestReadyRevision),
    };
  } finally {
    progress.stop();
  }
}

function planDeployment(api: ServiceApi, image: string, nonce: string, tell: (text: string) => void): Plan {
  return async (found) => {
    const service = await settledIfNeeded(api, found, tell);
    if (service.latestReadyRevision === undefined) {
      throw new UserError(`service ${service.name} has no ready revision to keep the traffic on`, {
        hint: `A no-traffic deploy needs a service that serves already. What is wrong with it: ${describeCondition(service.ready)}`,
      });
    }
    return {
      template: withNonce(withImage(service.template, image), nonce),
      traffic: pinLatest(service.traffic, service.latestReadyRevision),
    };
  };
}

/** What LATEST means is uncertain while the service is being changed; traffic that is pinned need not wait for that. */
async function settledIfNeeded(
  api: ServiceApi,
  service: Service,
  tell: (text: string) => void,
): Promise<Service> {
  if (isSettled(service, service.generation) || !followsLatest(service.traffic)) return service;
  tell(`waiting first: ${changedBy(service)}, which has not settled yet`);
  return waitUntilSettled(api, service.generation);
}

/**
 * The template with another image in its first container. The name of the revision it last made is dropped: sent
 * again with a different configuration, it is refused.
 */
function withImage(template: RevisionTemplate, image: string): RevisionTemplate {
  const [first, ...sidecars] = template.containers ?? [];
  const { revision: _, ...rest } = template;
  return { ...rest, containers: [{ ...first, image }, ...sidecars] };
}

/** The verdict is what serves: a no-traffic deploy that moved traffic has failed, whatever the platform reports. */
function requireTrafficUntouched({ change, generation }: AcceptedChange, settled: Service): void {
  if (sameSplit(settled.served, change.traffic)) return;
  const serving = describeShares(sharesOf(settled.served, settled.latestReadyRevision));
  const wanted = describeShares(sharesOf(change.traffic, undefined));
  throw settled.generation > generation
    ? new UserError(
        `${changedBy(settled)} while this deployment settled; traffic is now ${serving}, not ${wanted}`,
        {
          hint: 'The new revision exists. Agree on who goes first before shifting traffic.',
        },
      )
    : new UserError(
        `traffic should have stayed at ${wanted}, but the platform serves ${serving} (${describeCondition(settled.ready)})`,
        {
          hint: 'Look at what serves before going on: canary-rollout.ts status',
        },
      );
}
