import type { Connection } from '../google/connection.ts';
import { googleRest } from '../google/rest.ts';
import { type ApiPolicy, type PolicyBinding, readBindings } from '../secrets.ts';
import type { ServiceLocation } from '../service-location.ts';

/**
 * Returns a function that reads the access policy of a secret's project. It reads the policy of each project only once.
 */
export function projectPolicies(
  connection: Connection,
  location: ServiceLocation,
): (secret: string) => Promise<PolicyBinding[]> {
  const asked = new Map<string, Promise<PolicyBinding[]>>();
  return (secret) => {
    const [, project = location.project] = /^projects\/([^/]+)\//.exec(secret) ?? [];
    const policy = asked.get(project) ?? readPolicy(connection, { ...location, project });
    asked.set(project, policy);
    return policy;
  };
}

/** https://cloud.google.com/resource-manager/reference/rest/v1/projects/getIamPolicy */
async function readPolicy(connection: Connection, location: ServiceLocation): Promise<PolicyBinding[]> {
  const policy = await googleRest(connection).repeatable<ApiPolicy>(
    { doing: `reading the access policy of project ${location.project}`, location },
    {
      method: 'POST',
      host: 'cloudresourcemanager.googleapis.com',
      path: `/v1/projects/${location.project}:getIamPolicy`,
      body: { options: { requestedPolicyVersion: 3 } },
    },
  );
  return readBindings(policy);
}
