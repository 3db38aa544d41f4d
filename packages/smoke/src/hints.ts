import type { CheckContext } from './check.ts';
import type { Answer } from './http.ts';

/** What is known to cause such a failure, and what to do about it; undefined when nothing is. */
export function hintFor(
  checkId: string,
  answer: Answer | undefined,
  got: string,
  { baseUrl, hasAccessToken, hasBypassToken }: CheckContext,
): string | undefined {
  if (answer === undefined) {
    if (/WRONG_VERSION/.test(got))
      return 'What listens there does not speak TLS: an http URL, or another port?';
    return /TLS/.test(got)
      ? "The certificate may not be ready yet: use the service's own run.app URL as OPENAGENTS_BASE_URL meanwhile."
      : undefined;
  }
  const { status, headers, body } = answer;
  const isHtml = headers['content-type']?.includes('html') ?? false;
  if (status === 404 && checkId === 'health' && isHtml) {
    // https://cloud.google.com/run/docs/known-issues: some paths ending in z are reserved.
    return `Google's front end answers /healthz itself on Cloud Run URLs; it never reaches the service (${new URL(baseUrl).host}). /readyz is the probe that counts: scripts/smoke-control.ts.`;
  }
  if (status === 503 && isHtml && /maintenance/i.test(body)) {
    return hasBypassToken
      ? 'The service is in its maintenance window and does not know this OPENAGENTS_MAINTENANCE_BYPASS_TOKEN, or its cookie has expired.'
      : 'The service is in its maintenance window: set OPENAGENTS_MAINTENANCE_BYPASS_TOKEN to check it from inside.';
  }
  if (status === 401 && hasAccessToken) {
    return "The access token has expired, or was issued by another revision or instance: sessions live in the service's memory.";
  }
  if (status === 426) {
    return 'The service enforces client compatibility (OA_COMPAT_CONTROL_ENFORCED), which these checks do not claim.';
  }
  if (status === 403 && checkId.startsWith('sync-token')) {
    return "The scope is an owner's: the active organisation of this token's session is probably one where it is a member only.";
  }
  return undefined;
}
