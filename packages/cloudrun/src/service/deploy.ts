import { type Action, startProgress, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud/commands.ts';
import { replacedSplit, withReplacedSplit } from '../maintenance/bookkeeping.ts';
import { isMaintenanceOn } from '../maintenance/environment.ts';
import { requireUsableCandidate } from '../maintenance/guard.ts';
import {
  type OpenWindow,
  readOpenWindow,
  splitBeforeLatest,
  stableBehindWindow,
} from '../maintenance/open-window.ts';
import { requireRegistry } from '../names.ts';
import { serviceCommand } from '../own-commands.ts';
import { digestOf } from '../registry/image-reference.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import { type AcceptedChange, changedBy, changeService, type Plan } from './change.ts';
import { withIngressContainer } from './ingress-container.ts';
import { inventRevisionName, newNonce, withNonce } from './nonce.ts';
import { ownRevision, requireReadyRevision } from './own-revision.ts';
import type { Service } from './service.ts';
import { describeCondition, isSettled, lookAfterChange, waitForChange, waitUntilSettled } from './settle.ts';
import type { RevisionTemplate } from './template.ts';
import {
  assignTag,
  describeShares,
  followsLatest,
  isTargetMissed,
  pinLatest,
  pinServed,
  type Share,
  sameShares,
  servedShares,
  sharesOf,
  type TrafficSplit,
  targetShares,
} from './traffic.ts';

/** A new revision that is ready and gets no traffic. */
export type Deployment = {
  service: string;
  image: string;
  revision: string;
  /**
   * The digest that the revision really runs, `sha256:…`. It may differ from the one looked up before: tags can move.
   */
  digest: string | undefined;
  /** The revision that was the newest ready one before the deployment. */
  previousRevision: string | undefined;
  /** The split from before the deployment. It still serves. */
  traffic: Share[];
  /**
   * The revision that has all the traffic or, if a maintenance window has it now, gets it back afterwards. Undefined if
   * there is no such revision.
   */
  stable: string | undefined;
  window: OpenWindow | undefined;
  /** Whether the new revision is in maintenance mode, like the template that it was made from. */
  isInMaintenance: boolean;
};

/**
 * `skipMaintenanceCheck` allows the deployment even if the template is in maintenance mode and the serving revision is
 * not. With `tag`, the new revision gets this tag in the write that makes it, and any other revision loses the tag, as
 * with gcloud's `--tag`. `permit` is called before each attempt, with the service as it is then, and throws if the
 * deployment must not be made.
 */
export type DeployOptions = {
  skipMaintenanceCheck?: boolean;
  tag?: string | undefined;
  permit?: ((now: Service) => void) | undefined;
};

/** Deploys an image as a new revision without traffic, as `gcloud run deploy --no-traffic` does. */
export function deployNoTraffic(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  image: string,
  options: DeployOptions = {},
): Action<Deployment> {
  return {
    announcement: gcloudCommands.deployNoTraffic(location, image, options.tag),
    perform: async () => deploy(await openApi(), image, options),
  };
}

async function deploy(api: ServiceApi, image: string, options: DeployOptions): Promise<Deployment> {
  requireRegistry(image, 'the image');
  const { service } = api.location;
  const nonce = newNonce();
  const progress = await startProgress(
    `deploying ${image.slice(image.lastIndexOf('/') + 1)} to ${service} without traffic`,
  );
  try {
    const accepted = await changeService(
      api,
      planDeployment(api, image, { ...options, nonce, tell: progress.update }),
      progress.update,
    );
    const settled = await waitForChange(api, accepted, progress.update);
    const revision = await ownRevision(api, settled, nonce);
    await requireReadyRevision(api, revision, { before: accepted.before, settled });
    requireTrafficUntouched(api.location, accepted, settled);
    if (options.tag !== undefined) requireTagged(options.tag, revision.name, accepted, settled);
    const [{ imageDigest }, window] = await lookAfterChange(api, accepted.generation, () =>
      Promise.all([api.readRunningRevision(revision.name), readOpenWindow(api, settled)]),
    );
    progress.done(`revision ${revision.name} is ready and gets no traffic`);
    return {
      service,
      image,
      revision: revision.name,
      digest: imageDigest === undefined ? undefined : digestOf(imageDigest),
      previousRevision: accepted.before.latestReadyRevision,
      traffic: servedShares(settled),
      stable: stableBehindWindow(settled, window),
      window,
      isInMaintenance: isMaintenanceOn(revision.template),
    };
  } finally {
    progress.stop();
  }
}

function planDeployment(
  api: ServiceApi,
  image: string,
  {
    nonce,
    tell,
    tag,
    permit,
    skipMaintenanceCheck = false,
  }: DeployOptions & { nonce: string; tell(text: string): void },
): Plan {
  return async (found) => {
    permit?.(found);
    const service = await settledIfNeeded(api, found, tell);
    permit?.(service);
    if (service.latestReadyRevision === undefined) {
      throw new UserError(`service ${service.name} has no ready revision to keep the traffic on`, {
        hint: `A no-traffic deploy needs a service that already serves. Its state: ${describeCondition(service.ready)}`,
      });
    }
    const template = withImage(service.template, image);
    if (!skipMaintenanceCheck) await requireUsableCandidate(api, service, template);
    const marked = withNonce(template, nonce);
    const traffic = untouchedSplit(service, service.latestReadyRevision, tell);
    const annotations = await annotationsFor(api, service);
    if (tag === undefined) return { template: marked, traffic, ...annotations };
    // A tag needs the name of its revision, but the revision does not exist yet. So its name is chosen here, as gcloud
    // does (TagOnDeployChange in command_lib/run/config_changes.py).
    const revision = inventRevisionName(service);
    return { template: { ...marked, revision }, traffic: assignTag(traffic, tag, revision), ...annotations };
  };
}

/**
 * The split to write, so that the deployment moves no traffic. A split that the platform has not carried out is not
 * asked for again: it might be carried out this time.
 */
function untouchedSplit(
  service: Service,
  latestReadyRevision: string,
  tell: (text: string) => void,
): TrafficSplit {
  if (isSettled(service, service.generation) && isTargetMissed(service)) {
    tell(
      `keeping what serves (${describeShares(servedShares(service))}), because ${describeShares(targetShares(service))} was asked for before and not carried out`,
    );
    return pinServed(service);
  }
  return pinLatest(service.traffic, latestReadyRevision);
}

/**
 * The annotations to write with this deployment, if any. A deployment during a maintenance window fixes the traffic to
 * the window's revision, and closing the window then needs the split from before it. So the annotations store that
 * split, unless they do already.
 */
async function annotationsFor(
  api: ServiceApi,
  service: Service,
): Promise<{ annotations?: Service['annotations'] }> {
  const { annotations, latestReadyRevision: holder } = service;
  if (holder === undefined || !isMaintenanceOn(service.template) || replacedSplit(service) !== undefined)
    return {};
  const before = await splitBeforeLatest(api, service);
  return before === undefined ? {} : { annotations: withReplacedSplit(annotations, holder, before) };
}

/**
 * Waits for the service to settle if its traffic follows LATEST, because until then it is uncertain which revision
 * LATEST is.
 */
async function settledIfNeeded(
  api: ServiceApi,
  service: Service,
  tell: (text: string) => void,
): Promise<Service> {
  if (isSettled(service, service.generation) || !followsLatest(service.traffic)) return service;
  tell(`waiting first: ${changedBy(service)}, which has not settled yet`);
  return waitUntilSettled(api, service);
}

/**
 * The template with another image in its ingress container. The template's revision name is dropped, because the
 * platform refuses a name that a revision with another configuration already has.
 */
function withImage({ revision: _, ...template }: RevisionTemplate, image: string): RevisionTemplate {
  return withIngressContainer(template, (container) => ({ ...container, image }));
}

/**
 * Throws a UserError if the traffic has moved, even if the platform reports success. Tags that were added or removed
 * meanwhile do not count, because they move no traffic.
 */
function requireTrafficUntouched(
  location: ServiceLocation,
  { change, generation }: AcceptedChange,
  settled: Service,
): void {
  if (sameShares(settled.served, change.traffic)) return;
  const serving = describeShares(servedShares(settled));
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
          hint: `Look at what serves before going on:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
        },
      );
}

/**
 * Throws a UserError if the new revision does not have its tag: the tag's URL then leads nowhere, or to another
 * revision.
 */
function requireTagged(tag: string, name: string, { generation }: AcceptedChange, settled: Service): void {
  const has = settled.served.find((target) => target.tag === tag)?.revision;
  if (has === name) return;
  const who = settled.generation > generation ? `${changedBy(settled)}: ` : '';
  throw new UserError(`${who}tag ${tag} is on ${has ?? 'no revision'}, not on the new revision ${name}`, {
    hint: 'The new revision exists and gets no traffic. Agree on who has the tag before going on.',
  });
}
