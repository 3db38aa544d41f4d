import type { DomainMappingJson } from '../domains/mapping.ts';
import { notFound } from '../protocol/errors.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes } from './call.ts';

const DOMAINS = '/apis/domains.cloudrun.com/v1/namespaces/:project/domainmappings';

/**
 * The calls that read domain mappings: https://cloud.google.com/run/docs/reference/rest/v1/namespaces.domainmappings
 */
export function domainMappingRoutes(
  mappings: ReadonlyMap<string, DomainMappingJson>,
  guard: Guard,
  { region }: { region: string },
): Routes {
  const authorize = (call: Call, permission: string): void => {
    const project = param(call, 'project');
    guard.require(permission, project, `namespaces/${project}/domainmappings/${call.params.domain ?? ''}`);
  };
  const isHere = (call: Call): boolean => call.region === undefined || call.region === region;
  return [
    {
      method: 'GET',
      path: `${DOMAINS}/:domain`,
      handle(call) {
        authorize(call, 'run.domainmappings.get');
        const domain = param(call, 'domain');
        const found = isHere(call) ? mappings.get(domain) : undefined;
        if (found === undefined) throw notFound(domain);
        return { ...found };
      },
    },
    {
      method: 'GET',
      path: DOMAINS,
      handle(call) {
        authorize(call, 'run.domainmappings.list');
        const items = isHere(call) ? [...mappings.values()] : [];
        return {
          apiVersion: 'domains.cloudrun.com/v1',
          kind: 'DomainMappingList',
          metadata: {},
          items,
        };
      },
    },
  ];
}
