import type { KnativeCondition } from '../knative/types.ts';

/** A domain mapping as the platform shows it: https://cloud.google.com/run/docs/reference/rest/v1/DomainMapping */
export type DomainMappingJson = {
  apiVersion: string;
  kind: string;
  metadata: { [key: string]: unknown; name: string };
  spec: { routeName: string; [key: string]: unknown };
  status?: {
    conditions?: KnativeCondition[];
    [key: string]: unknown;
  };
};

export type DomainSeed = {
  domain: string;
  service: string;
  /** Default: issued. */
  certificate?: 'issued' | 'pending';
};

// The condition of a mapping whose certificate has not been issued yet, as quoted in
// https://github.com/rafter-platform/rafter/pull/45 and the troubleshooting of
// https://cloud.google.com/run/docs/mapping-custom-domains#certificate-pending
const PENDING = {
  status: 'Unknown',
  reason: 'CertificatePending',
  message:
    'Waiting for certificate provisioning. You must configure your DNS records for certificate issuance to begin.',
};

/** A mapping of a domain to a service, with its certificate issued or pending. */
export function domainMapping({ domain, service, certificate = 'issued' }: DomainSeed): DomainMappingJson {
  const lastTransitionTime = new Date().toISOString();
  const state = certificate === 'issued' ? { status: 'True' } : PENDING;
  return {
    apiVersion: 'domains.cloudrun.com/v1',
    kind: 'DomainMapping',
    metadata: { name: domain, generation: 1, creationTimestamp: lastTransitionTime },
    spec: { routeName: service },
    status: {
      conditions: [
        { type: 'Ready', ...state, lastTransitionTime },
        { type: 'CertificateProvisioned', ...state, lastTransitionTime },
        { type: 'DomainRoutable', status: 'True', lastTransitionTime },
      ],
      mappedRouteName: service,
      observedGeneration: 1,
      resourceRecords: [{ name: domain.split('.')[0], rrdata: 'ghs.googlehosted.com.', type: 'CNAME' }],
    },
  };
}
