import { type Exchange, json, type Reply } from './exchange.ts';
import { HASHED_ASSET, isHashed } from './static-files.ts';

/** How the stand-in is to differ from the real service, so that checks of it fail; and a session that it begins with. */
export type ControlServiceBehaviour = {
  /** Other statuses, by path: `{ '/sw.js': 404 }`. The headers stay, the body changes. */
  statuses?: Readonly<Record<string, number>>;
  /** Other cache-control headers, by path. An empty one removes the header. */
  cacheControl?: Readonly<Record<string, string>>;
  manifest?: {
    version?: string;
    /**
     * The entry script's path in the manifest. The script is served at this path too. Null removes it from the
     * manifest.
     */
    entryScript?: string | null;
  };
  /** Whether the platform's front end answers /healthz itself, as on run.app and behind domain mappings. */
  healthzIntercepted?: boolean;
  /** The access token of a session that exists from the start. */
  accessToken?: string;
  /**
   * The organisation that is active in the session of `accessToken`: the person's own, or one where they are a member.
   */
  activeOrganisation?: 'own' | 'org:openagents';
};

type Answer = (exchange: Exchange) => Reply;

/** Applies the deviations last, to whatever the service answers, even in maintenance mode. */
export function withBehaviour(answer: Answer, behaviour: ControlServiceBehaviour): Answer {
  const { statuses = {}, cacheControl = {}, manifest, healthzIntercepted = false } = behaviour;
  return (exchange) => {
    const { path } = exchange;
    if (path === '/healthz' && healthzIntercepted) return frontEndNotFound();
    const status = statuses[path];
    const reply = manifest === undefined ? answer(exchange) : withManifest(answer, exchange, manifest);
    return withCacheControl(status === undefined ? reply : withStatus(reply, status), cacheControl[path]);
  };
}

// The page of the platform's front end, not the service's: no JSON and no request id.
function frontEndNotFound(): Reply {
  return {
    status: 404,
    headers: { 'content-type': 'text/html; charset=UTF-8', 'referrer-policy': 'no-referrer' },
    body: '<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title><p><b>404.</b> That’s an error.\n',
  };
}

function withStatus({ headers }: Reply, status: number): Reply {
  const message = `Answered with ${status} on purpose.`;
  return json(status, { message, error: { code: 'on_purpose', message } }, headers);
}

function withCacheControl(reply: Reply, value: string | undefined): Reply {
  if (value === undefined) return reply;
  const { 'cache-control': _, ...headers } = reply.headers;
  return { ...reply, headers: value === '' ? headers : { ...headers, 'cache-control': value } };
}

function withManifest(
  answer: Answer,
  exchange: Exchange,
  { version, entryScript }: NonNullable<ControlServiceBehaviour['manifest']>,
): Reply {
  if (typeof entryScript === 'string' && exchange.path === `/${entryScript}`) {
    const path = isHashed(entryScript) ? `/assets/${HASHED_ASSET}` : '/assets/openagents_web_shell.js';
    return answer({ ...exchange, path });
  }
  const reply = answer(exchange);
  if (exchange.path !== '/manifest.json' || reply.status !== 200) return reply;
  const shipped = JSON.parse(reply.body);
  // If `entryScript` is null, `js` becomes undefined, and JSON leaves out the key.
  const js = entryScript === undefined ? shipped.entry.js : (entryScript ?? undefined);
  const changed = {
    ...shipped,
    manifestVersion: version ?? shipped.manifestVersion,
    entry: { ...shipped.entry, js },
  };
  return { ...reply, body: `${JSON.stringify(changed, null, 2)}\n` };
}
