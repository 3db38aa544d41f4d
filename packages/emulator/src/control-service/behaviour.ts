import { type Exchange, json, type Reply } from './exchange.ts';
import { HASHED_ASSET, isHashed } from './static-files.ts';

/** How the stand-in differs from the real service, to make checks fail, and the session that it starts with. */
export type ControlServiceBehaviour = {
  /** Statuses to answer with instead, by path: `{ '/sw.js': 404 }`. The headers stay, but the body changes. */
  statuses?: Readonly<Record<string, number>>;
  /** The cache-control headers to send instead, by path. An empty text removes the header. */
  cacheControl?: Readonly<Record<string, string>>;
  manifest?: {
    version?: string;
    /**
     * The entry script's path, as the manifest names it. The script is served there. With null, the manifest names no
     * entry script.
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

/** Changes the service's answers as `behaviour` says, even those of maintenance mode. */
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

// The 404 page of the platform's front end. Unlike an answer of the service, it has neither JSON nor a request id.
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
