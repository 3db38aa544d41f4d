import type { EmulatorOptions } from '../options.ts';
import { invalidArgument } from '../protocol/errors.ts';
import type { Guard } from './access.ts';
import { param, type Routes } from './call.ts';

/**
 * Calls about the project and the caller: the project's access policy
 * (https://cloud.google.com/resource-manager/reference/rest/v1/projects/getIamPolicy), and the account of an access
 * token (https://oauth2.googleapis.com/tokeninfo).
 */
export function projectRoutes(
  guard: Guard,
  { projectPolicy, tokenLifeSeconds }: Required<Pick<EmulatorOptions, 'projectPolicy' | 'tokenLifeSeconds'>>,
): Routes {
  return [
    {
      method: 'POST',
      path: '/v1/projects/:project(^[^:]+)::getIamPolicy',
      handle(call) {
        const project = param(call, 'project');
        guard.require('resourcemanager.projects.getIamPolicy', project, `projects/${project}`);
        return { version: 1, etag: 'none', bindings: projectPolicy };
      },
    },
    {
      method: 'POST',
      path: '/tokeninfo',
      handle(call) {
        if (call.authorization === undefined) throw invalidArgument('An access token is required.');
        return {
          email: call.person,
          expires_in: String(tokenLifeSeconds),
          scope: 'https://www.googleapis.com/auth/cloud-platform',
        };
      },
    },
  ];
}
