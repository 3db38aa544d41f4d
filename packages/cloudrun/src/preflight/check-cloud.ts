import { type Finding, findingsOf } from '@deploy/cli';
import { readDomainMapping } from '../domain-mapping.ts';
import type { Connection } from '../google/connection.ts';
import { googleRest } from '../google/rest.ts';
import { lookUpImage } from '../registry/look-up.ts';
import { openSecretApi } from '../secrets.ts';
import { openServiceApi } from '../service/api.ts';
import type { ServiceLocation } from '../service-location.ts';
import { checkDomain } from './domain.ts';
import { checkEnvironment } from './environment.ts';
import { checkImage } from './image.ts';
import { checkLogin, findLogin } from './login.ts';
import { checkMaintenance } from './maintenance.ts';
import { tryRead } from './read.ts';
import { checkSecrets } from './secrets.ts';
import { checkService, checkTraffic, type ExpectedTraffic } from './service.ts';

export type CloudCheckRequest = {
  connection: Connection;
  location: ServiceLocation;
  image: string | undefined;
  /** The domain that should point to the service. */
  domain: string;
  /** The variable that names the domain; default: STAGING_DOMAIN. */
  domainVariable?: string;
  expectedTraffic: ExpectedTraffic | undefined;
  /** Whether a candidate in maintenance mode is reported as a warning instead of an error. */
  skipMaintenanceCheck?: boolean;
};

/** What the checks found out and later steps need. */
export type CloudFacts = {
  account: string | undefined;
  /** The image's digest; undefined if it was not looked up. */
  digest: string | undefined;
  domainMapping: { domain: string; state: string };
  /** The URL of the service: its domain if that is ready, else its own URL. */
  baseUrl: string | undefined;
  /** The service's own URL, even if its domain is ready. */
  serviceUrl: string | undefined;
};

/**
 * Checks the preconditions that a deployment has in the cloud, all at the same time. Changes nothing. Problems that a
 * person can solve are not thrown but returned as findings.
 */
export async function checkCloud(
  request: CloudCheckRequest,
): Promise<{ findings: Finding[]; facts: CloudFacts }> {
  const { connection, location, image, domain, expectedTraffic, skipMaintenanceCheck = false } = request;
  const { domainVariable = 'STAGING_DOMAIN' } = request;
  const openedSecrets = once(() => openSecretApi(connection, location));
  // Start loading Secret Manager's client now, while other calls wait for answers. A failure is reported where the
  // client is used.
  void openedSecrets().catch(() => {});
  const openedService = openServiceApi(connection, location);

  const reading = tryRead(async () => (await openedService).read());
  const [login, lookup, service, mapping, ofTemplate, maintenance] = await Promise.all([
    findLogin(connection, location),
    image === undefined ? undefined : lookUpImage(connection, image),
    reading,
    tryRead(async () => readDomainMapping(googleRest(connection), location, domain)),
    reading.then(async (read): Promise<Finding[]> => {
      if (!read.read) return [];
      const { template } = read.value;
      return [
        ...(await checkEnvironment(template, domain, location)),
        ...(await checkSecrets(openedSecrets, connection, location, template)),
      ];
    }),
    reading.then((read) =>
      read.read ? checkMaintenance(() => openedService, read.value, { skipMaintenanceCheck }) : [],
    ),
  ]);

  const found = service.read ? service.value : undefined;
  // Do not advise the service's own URL if it does not answer from here.
  const ownUrl = found?.isOpenToAll ? found.url : undefined;
  const verdict = checkDomain({ domain, domainVariable }, location.service, ownUrl, mapping);
  return {
    findings: [
      checkLogin(login, connection, location, service),
      checkImage(image, lookup),
      checkService(location, service),
      ...(found === undefined ? [] : [checkTraffic(found, expectedTraffic)]),
      verdict.finding,
      ...ofTemplate,
      ...maintenance,
      ...(found === undefined ? notLookedAt() : []),
    ],
    facts: {
      account: login.account,
      digest: lookup?.state === 'found' ? lookup.digest : undefined,
      domainMapping: { domain, state: verdict.state },
      baseUrl: verdict.baseUrl,
      serviceUrl: found?.url,
    },
  };
}

function notLookedAt(): Finding[] {
  return ['traffic', 'env', 'secrets', 'maintenance'].map((check) =>
    findingsOf(check).note('not checked, because the service could not be read'),
  );
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}
