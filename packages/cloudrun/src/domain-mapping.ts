import type { GoogleRest } from './google/rest.ts';
import type { ServiceLocation } from './service-location.ts';

/** What the platform says about one aspect of a domain mapping; `status` is True, False or Unknown. */
export type DomainCondition = {
  type: string;
  status: string;
  reason: string | undefined;
  message: string | undefined;
};

export type DomainMapping = {
  domain: string;
  /** The service that the domain points to. */
  routeName: string;
  conditions: readonly DomainCondition[];
};

type ApiMapping = {
  spec?: { routeName?: string };
  status?: { conditions?: { type?: string; status?: string; reason?: string; message?: string }[] };
};

/**
 * Reads a domain mapping. Only Cloud Run's v1 API has domain mappings, on the region's own host:
 * https://cloud.google.com/run/docs/reference/rest/v1/namespaces.domainmappings/get
 */
export async function readDomainMapping(
  rest: GoogleRest,
  location: ServiceLocation,
  domain: string,
): Promise<DomainMapping> {
  const { spec, status } = await rest.repeatable<ApiMapping>(
    { doing: `reading the mapping of ${domain}`, location },
    {
      host: `${location.region}-run.googleapis.com`,
      path: `/apis/domains.cloudrun.com/v1/namespaces/${location.project}/domainmappings/${encodeURIComponent(domain)}`,
    },
  );
  return {
    domain,
    routeName: spec?.routeName ?? '',
    conditions: (status?.conditions ?? []).map(({ type, status: state, reason, message }) => ({
      type: type ?? '',
      status: state ?? 'Unknown',
      reason,
      message,
    })),
  };
}
