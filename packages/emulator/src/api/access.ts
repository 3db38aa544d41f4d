import type { EmulatorOptions } from '../options.ts';
import { actAsDenied, permissionDenied, unauthenticated } from '../protocol/errors.ts';

type AccessOptions = Required<
  Pick<EmulatorOptions, 'project' | 'people' | 'denied' | 'requireLogin' | 'expiredTokens'>
>;

const WITHOUT_TOKEN = 'operator@example.com';
const WITH_UNKNOWN_TOKEN = 'gcloud@example.com';

/**
 * The account that a request's access token belongs to. Throws a 401 when the token has expired, or when a token is
 * required but missing or unknown.
 */
export function identify(
  authorization: string | undefined,
  { people, requireLogin, expiredTokens }: AccessOptions,
): string {
  const token = authorization?.replace(/^Bearer /i, '');
  if (token !== undefined && expiredTokens.includes(token)) throw unauthenticated();
  const person = token === undefined ? undefined : people[token];
  if (person !== undefined) return person;
  if (requireLogin) throw unauthenticated();
  return token === undefined ? WITHOUT_TOKEN : WITH_UNKNOWN_TOKEN;
}

/** Checks whether callers have the permissions that a call needs. */
export type Guard = {
  allows(permission: string, project: string): boolean;
  /**
   * Throws a 403 unless the permission is granted. For a project that the caller cannot see, the answer does not reveal
   * whether it exists.
   */
  require(permission: string, project: string, resource: string): void;
  /**
   * Throws a 403 unless the caller may act as the account of this template. The platform asks for that with every change
   * of a service, even one of its traffic only:
   * https://github.com/GoogleCloudPlatform/cloud-run-release-manager/issues/81
   */
  requireActAs(template: unknown): void;
};

const DEFAULT_ACCOUNT = '157437760789-compute@developer.gserviceaccount.com';

export function createGuard({ project: visible, denied }: Pick<AccessOptions, 'project' | 'denied'>): Guard {
  const allows: Guard['allows'] = (permission, project) =>
    project === visible && !denied.includes(permission);
  return {
    allows,
    require(permission, project, resource) {
      if (!allows(permission, project)) throw permissionDenied(permission, resource);
    },
    requireActAs(template) {
      if (!denied.includes('iam.serviceaccounts.actAs')) return;
      const { serviceAccount = DEFAULT_ACCOUNT } = (template ?? {}) as { serviceAccount?: string };
      throw actAsDenied(serviceAccount);
    },
  };
}
