import { type Action, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud/commands.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import { type AcceptedChange, changeService } from './change.ts';
import type { Service } from './service.ts';
import { describeCondition, waitForChange } from './settle.ts';
import type { Bookkeeping } from './shift-traffic.ts';
import { assignTag, removeTag, type TrafficSplit } from './traffic.ts';

/**
 * Gives a revision a tag, and so a URL of its own, as `gcloud run services update-traffic --update-tags` does. Any
 * other revision loses the tag. Returns the settled service.
 */
export function tagRevision(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  { tag, revision }: { tag: string; revision: string },
  bookkeeping: Bookkeeping,
): Action<Service> {
  return {
    announcement: gcloudCommands.updateTag(location, tag, revision),
    async perform() {
      const service = await change(await openApi(), bookkeeping, (split) => assignTag(split, tag, revision));
      return requireDone(
        location,
        service,
        tagged(service, tag)?.revision === revision,
        `${revision} has no tag ${tag}`,
      );
    },
  };
}

/** Removes a tag, as gcloud's `--remove-tags` does. Returns the settled service. */
export function untagRevision(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  tag: string,
  bookkeeping: Bookkeeping,
): Action<Service> {
  return {
    announcement: gcloudCommands.removeTag(location, tag),
    async perform() {
      const service = await change(await openApi(), bookkeeping, (split) => removeTag(split, tag));
      return requireDone(
        location,
        service,
        tagged(service, tag) === undefined,
        `the tag ${tag} is still there`,
      );
    },
  };
}

/** Writes annotations to the service and changes nothing else. gcloud has no command for this. */
export function writeAnnotations(
  openApi: () => Promise<ServiceApi>,
  bookkeeping: Bookkeeping,
): Action<Service> {
  return { perform: async () => change(await openApi(), bookkeeping, (split) => split) };
}

/**
 * Like `writeAnnotations`, but only until the platform has accepted them: they can be read at once, however long the
 * platform takes to carry out a change that changes nothing else.
 */
export function sendAnnotations(
  openApi: () => Promise<ServiceApi>,
  bookkeeping: Bookkeeping,
): Action<AcceptedChange> {
  return { perform: async () => send(await openApi(), bookkeeping, (split) => split) };
}

async function change(
  api: ServiceApi,
  bookkeeping: Bookkeeping,
  next: (split: TrafficSplit) => TrafficSplit,
): Promise<Service> {
  return waitForChange(api, await send(api, bookkeeping, next), () => {});
}

function send(
  api: ServiceApi,
  bookkeeping: Bookkeeping,
  next: (split: TrafficSplit) => TrafficSplit,
): Promise<AcceptedChange> {
  const plan = async (now: Service) => {
    bookkeeping.permit(now);
    return { traffic: next(now.traffic), annotations: bookkeeping.annotations(now) };
  };
  return changeService(api, plan, () => {});
}

function tagged({ served }: Service, tag: string): Service['served'][number] | undefined {
  return served.find((target) => target.tag === tag);
}

/**
 * Throws a UserError unless the change has taken effect: the platform can accept a change and still fail to carry it
 * out.
 */
function requireDone(location: ServiceLocation, service: Service, isDone: boolean, instead: string): Service {
  if (isDone) return service;
  throw new UserError(
    `the service was changed, but the platform did not carry it out: ${instead} (${describeCondition(service.ready)})`,
    {
      hint: `No traffic was moved. To see how the service stands:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
    },
  );
}
