import type { Check, CheckContext } from './check.ts';
import type { Answer } from './exchange.ts';

/** Why an answer fails its check, and what to do about it; undefined when no cause is known. */
export function hintFor(
  { id: checkId, request }: Check,
  answer: Answer,
  { baseUrl, hasBypassToken, hasMaintenanceModeToken = false, isBypassTokenEmpty = false }: CheckContext,
): string | undefined {
  const { status, headers, body } = answer;
  const isHtml = headers['content-type']?.includes('html') ?? false;
  if (status === 404 && checkId === 'health' && isHtml) {
    // https://cloud.google.com/run/docs/known-issues: some paths ending in z are reserved.
    return `On Cloud Run's own URLs Google's front end answers /healthz itself, so the request did not reach the service (${new URL(baseUrl).host}). Rely on /readyz, as scripts/smoke-control.ts does.`;
  }
  if (status === 404 && isHtml && checkId === 'readiness') {
    return `This page is not the service's, so the request did not reach it (${new URL(baseUrl).host}). Either the URL or its tag is not the service's, or the service takes requests only from inside (its ingress setting): then run this from inside, or check the address of its load balancer.`;
  }
  // Only with Google's own words: a proxy or a firewall refuses with 403 too, and opening the service to everybody would not
  // help against that.
  if (status === 403 && isHtml && /does not have permission to get URL/.test(body)) {
    return "This page is Google's front end's, so the request did not reach the service: it does not let everybody in. If it is to be public, give allUsers the role roles/run.invoker on the service; otherwise check it through whatever stands in front of it.";
  }
  if (status === 503 && /maintenance/i.test(body)) {
    if (!hasBypassToken && hasMaintenanceModeToken) {
      return 'The service is in its maintenance window, and only MAINTENANCE_BYPASS_TOKEN is set, which only maintenance-mode.ts reads. Put this before the command: OPENAGENTS_MAINTENANCE_BYPASS_TOKEN="$MAINTENANCE_BYPASS_TOKEN"';
    }
    if (isBypassTokenEmpty) {
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
    return 'The service turns away clients that do not say which version they are (OA_COMPAT_CONTROL_ENFORCED), and these checks do not say it.';
  }
  if (status === 403 && checkId.startsWith('sync-token')) {
    return "Only an owner may ask for this scope, and in the active organisation of its session this token's user is probably only a member.";
  }
  return undefined;
}
