import type { Config } from './config.ts';
import { apiError, type Exchange, type Reply } from './exchange.ts';

/**
 * The older application's turn: with the route split off or in a mode that is not this service's, pages are sent there;
 * undefined serves the page here.
 */
export function legacyReply({ path, query }: Exchange, { routeSplit }: Config): Reply | undefined {
  const isOurs = routeSplit.enabled && ['rust', 'cohort'].includes(routeSplit.mode);
  if (isOurs || path === '/chat' || path.startsWith('/chat/')) return undefined;
  if (routeSplit.legacyBaseUrl === undefined) {
    return apiError(503, 'legacy_route_unavailable', 'The legacy application has no address.');
  }
  const location = `${routeSplit.legacyBaseUrl.replace(/\/+$/, '')}${path}${query === '' ? '' : `?${query}`}`;
  return { status: 307, headers: { location }, body: '' };
}
