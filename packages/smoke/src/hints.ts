import type { Check, CheckContext } from './check.ts';
import type { Answer } from './exchange.ts';

/** The known cause of an answer that fails its check, and what to do about it; undefined when there is none. */
export function hintFor(
  { id: checkId, request }: Check,
  answer: Answer,
  { baseUrl, hasBypassToken, hasOtherToken = false, isTokenEmpty = false }: CheckContext,
): string | undefined {
  const { status, headers, body } = answer;
  const isHtml = headers['content-type']?.includes('html') ?? false;
  if (status === 404 && checkId === 'health' && isHtml) {
    // https://cloud.google.com/run/docs/known-issues: some paths ending in z are reserved.
    return `Google's front end answers /healthz itself on Cloud Run URLs; it never reaches the service (${new URL(baseUrl).host}). /readyz is the probe that counts: scripts/smoke-control.ts.`;
  }
  if (status === 503 && /maintenance/i.test(body)) {
    if (!hasBypassToken && hasOtherToken) {
      return 'The service is in its maintenance window, and only MAINTENANCE_BYPASS_TOKEN is set, which maintenance-mode.ts reads. Put this in front: OPENAGENTS_MAINTENANCE_BYPASS_TOKEN="$MAINTENANCE_BYPASS_TOKEN"';
    }
    if (isTokenEmpty) {
      return 'The service is in its maintenance window, and OPENAGENTS_MAINTENANCE_BYPASS_TOKEN is set but empty: give it the token that the window was opened with.';
    }
    return hasBypassToken
      ? 'The service is in its maintenance window and does not know this OPENAGENTS_MAINTENANCE_BYPASS_TOKEN, or its cookie has expired.'
      : 'The service is in its maintenance window: set OPENAGENTS_MAINTENANCE_BYPASS_TOKEN to check it from inside.';
  }
  if (status === 401) {
    return request.headers?.authorization === undefined
      ? 'This route asks for no login; something in front of the service does, such as IAM, IAP or a gateway.'
      : "The access token has expired, or was issued by another revision or instance: sessions live in the service's memory.";
  }
  if (status === 426) {
    return 'The service enforces client compatibility (OA_COMPAT_CONTROL_ENFORCED), which these checks do not claim.';
  }
  if (status === 403 && checkId.startsWith('sync-token')) {
    return "The scope is an owner's: the active organisation of this token's session is probably one where it is a member only.";
  }
  return undefined;
}
