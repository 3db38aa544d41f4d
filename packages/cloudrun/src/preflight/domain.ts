import { cleanLine, type Finding, findingsOf } from '@deploy/cli';
import type { DomainCondition, DomainMapping } from '../domain-mapping.ts';
import { reasonAndMessage } from '../service/service.ts';
import { isAbsent } from './login.ts';
import type { Read } from './read.ts';

/**
 * The state of the domain, and the URL to use for the service: the domain if it is ready, otherwise the service's own
 * URL.
 */
export type DomainVerdict = { finding: Finding; state: string; baseUrl: string | undefined };

const { ok, warning } = findingsOf('domain mapping');
/** The conditions that must be True before the domain can be used. */
const NEEDED = ['Ready', 'CertificateProvisioned'];

/** Whether the domain points to the service and has a certificate. If not, the service's own URL must be used. */
export function checkDomain(
  { domain, domainVariable }: { domain: string; domainVariable: string },
  service: string,
  serviceUrl: string | undefined,
  mapping: Read<DomainMapping>,
): DomainVerdict {
  const warn = (state: string, found: string, advice = ''): DomainVerdict => ({
    state,
    baseUrl: serviceUrl,
    finding: warning(found, ...untilThen(advice, serviceUrl)),
  });
  if (!mapping.read) {
    return isAbsent(mapping.error)
      ? warn(
          'not mapped',
          `${domain} is not mapped to any service here`,
          `Check ${domainVariable}, or map it. `,
        )
      : warn('unknown', mapping.error.message);
  }
  const { routeName, conditions } = mapping.value;
  if (routeName !== service) {
    return warn(`leads to ${routeName}`, `${domain} leads to ${routeName}, not to ${service}`);
  }
  const unmet = NEEDED.map((type) => conditions.find((each) => each.type === type) ?? missing(type)).filter(
    ({ status }) => status !== 'True',
  );
  if (unmet.length > 0) {
    const [{ reason } = missing('Ready')] = unmet;
    return warn(`not ready${reason === undefined ? '' : `: ${reason}`}`, `${domain}: ${describe(unmet)}`);
  }
  return {
    state: 'ready',
    baseUrl: `https://${domain}`,
    finding: ok(`${domain} leads to ${service}; Ready and CertificateProvisioned are True`),
  };
}

function untilThen(
  advice: string,
  serviceUrl: string | undefined,
): [] | [advice: string] | [advice: string, command: string] {
  if (serviceUrl === undefined) return advice === '' ? [] : [advice.trim()];
  return [`${advice}Until then use the service's own URL`, `export OPENAGENTS_BASE_URL=${serviceUrl}`];
}

/** Lists each reason and message only once, because several conditions often have the same one. */
function describe(conditions: readonly DomainCondition[]): string {
  const byCause = new Map<string, string[]>();
  for (const condition of conditions) {
    const cause = reasonAndMessage(condition);
    byCause.set(cause, [...(byCause.get(cause) ?? []), `${condition.type}=${condition.status}`]);
  }
  const parts = [...byCause].map(([cause, types]) => `${types.join(', ')}${cause && ` (${cause})`}`);
  return cleanLine(parts.join('; '), 400);
}

function missing(type: string): DomainCondition {
  return { type, status: 'Unknown', reason: undefined, message: undefined };
}
