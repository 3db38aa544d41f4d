import type { EmulatorOptions } from '../options.ts';
import { type ApiError, permissionDenied, unauthenticated } from '../protocol/errors.ts';

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

/**
 * The refusal for a missing permission, if any. An invisible project gets the same refusal whether it exists or not.
 */
export function refusal(
  permission: string,
  project: string,
  resource: string,
  options: AccessOptions,
): ApiError | undefined {
  return project !== options.project || options.denied.includes(permission)
    ? permissionDenied(permission, resource)
    : undefined;
}
