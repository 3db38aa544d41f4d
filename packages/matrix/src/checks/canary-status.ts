import { interruptible } from '@deploy/cli';
import {
  type Connection,
  canaryStatus,
  canaryStatusYaml,
  openServiceApi,
  type ServiceLocation,
} from '@deploy/cloudrun';
import type { CheckWork } from '../check.ts';
import { cloudCheck } from './cloud-check.ts';

/** Reads which revisions serve traffic, as `canary-rollout status` does. */
export function canaryStatusWork(connection: Connection, location: ServiceLocation): CheckWork {
  return cloudCheck('CONTROL_SERVICE', async (log, signal) => {
    const status = canaryStatus(() => openServiceApi(connection, location), location);
    log.line(`+ ${status.announcement}`);
    const service = await interruptible(signal, () => status.perform());
    log.line(canaryStatusYaml(service));
    const split = service.served
      .filter(({ percent }) => percent > 0)
      .map(
        ({ revision, percent }) =>
          `${revision ?? service.latestReadyRevision ?? 'the latest revision'} ${percent} %`,
      );
    return { passed: true, conclusion: `serving: ${split.join(', ') || 'nothing'}` };
  });
}
