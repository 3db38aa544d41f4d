import type { Json } from '../protocol/descriptors.ts';
import { invalidArgument, notFound } from '../protocol/errors.ts';
import type { ServiceStore } from '../service/store.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes } from './call.ts';

/**
 * The calls that read and set who may do what with a service:
 * https://cloud.google.com/run/docs/reference/rest/v1/projects.locations.services. gcloud makes them before it creates
 * a service and when it opens one to the public. Policies are stored but not enforced: every service of the emulator
 * answers everybody.
 */
export function iamRoutes(store: ServiceStore, guard: Guard, { region }: { region: string }): Routes {
  const policies = new Map<string, Json>();
  const serviceOf = (call: Call, permission: string): string => {
    const [project, location, name] = [
      param(call, 'project'),
      param(call, 'location'),
      param(call, 'service'),
    ];
    guard.require(permission, project, `projects/${project}/locations/${location}/services/${name}`);
    if (location !== region) throw notFound(`${name} in ${location}`);
    return name;
  };
  // The name ends at the colon, because the part after it is the verb: https://google.aip.dev/136
  const resource = '/projects/:project/locations/:location/services/:service(^[^:]+)';

  return ['/v1', '/v2'].flatMap(
    (version): Routes => [
      {
        method: 'GET',
        path: `${version}${resource}::getIamPolicy`,
        handle(call) {
          const name = serviceOf(call, 'run.services.getIamPolicy');
          store.find(name);
          return policies.get(name) ?? { version: 1, etag: 'none' };
        },
      },
      {
        method: 'POST',
        path: `${version}${resource}::setIamPolicy`,
        handle(call) {
          const name = serviceOf(call, 'run.services.setIamPolicy');
          store.find(name);
          const { policy } = call.body as { policy?: Json };
          if (policy === undefined) throw invalidArgument('policy is required.');
          const kept = { version: 1, ...policy, etag: crypto.randomUUID().slice(0, 8) };
          policies.set(name, kept);
          return kept;
        },
      },
      {
        method: 'POST',
        path: `${version}${resource}::testIamPermissions`,
        handle(call) {
          // A client asks before it creates a service, so the service need not exist.
          const { permissions = [] } = call.body as { permissions?: string[] };
          const project = param(call, 'project');
          return { permissions: permissions.filter((each) => guard.allows(each, project)) };
        },
      },
    ],
  );
}
