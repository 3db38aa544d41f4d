import { cleanLine, type Finding, findingsOf } from '@deploy/cli';
import { listCommand } from '../gcloud/commands.ts';
import { reasonAndMessage, type Service } from '../service/service.ts';
import { briefShares, followsLatest, type Share, sameShares, servedShares } from '../service/traffic.ts';
import type { ServiceLocation } from '../service-location.ts';
import { isAbsent } from './login.ts';
import type { Read } from './read.ts';

/** The traffic split to expect, and the file that says so. */
export type ExpectedTraffic = { shares: readonly Share[]; source: string };

/** Whether the service exists and has settled. */
export function checkService(location: ServiceLocation, service: Read<Service>): Finding {
  const { project, region, service: name } = location;
  const { ok, warning, error } = findingsOf('service');
  const where = `${name} in ${region} of project ${project}`;
  if (!service.read) {
    return isAbsent(service.error)
      ? error(
          `there is no service ${where}`,
          'Check SERVICE and REGION; to list the services',
          listCommand(location),
        )
      : error(`${where} could not be read`, 'See the finding about the login.');
  }
  const { reconciling, ready, url, isOpenToAll } = service.value;
  const said = reasonAndMessage(ready);
  if (reconciling || ready.state !== 'succeeded') {
    return warning(
      `${where} ${reconciling ? 'is still changing' : 'is not ready'}${said && `: ${cleanLine(said, 300)}`}`,
      reconciling
        ? 'Wait until it has settled, or find out who is changing it.'
        : 'The serving revision is not the latest one; look at the logs of the latest one.',
    );
  }
  if (!isOpenToAll) {
    return warning(
      `${where} is ready, but takes requests only from inside: from elsewhere, its URL and those of its tags answer 404`,
      'Run the smoke checks and promote from inside its network, or shift by hand with set-traffic and check what serves through your load balancer.',
    );
  }
  return ok(`${where} is ready, ${url === undefined ? 'without a URL of its own' : `at ${url}`}`);
}

/** Whether the traffic is split as expected, and whether it follows LATEST or is pinned. */
export function checkTraffic(service: Service, expected: ExpectedTraffic | undefined): Finding {
  const { ok, warning } = findingsOf('traffic');
  const { name, served } = service;
  const shares = servedShares(service);
  const kind = followsLatest(served) ? 'follows LATEST' : 'pinned';
  const found = `${briefShares(shares, name)} (${kind})`;
  if (expected === undefined) return ok(`${found}; no report to compare with`);
  if (sameShares(shares, expected.shares)) return ok(`${found}, as ${expected.source} says`);
  return warning(
    `${found}, but ${expected.source} says ${briefShares(expected.shares, name)}`,
    'Somebody shifted traffic without the scripts: find out who and why before you go on.',
  );
}
