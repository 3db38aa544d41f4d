import { type Exchange, json, type Reply } from './exchange.ts';
import { HASHED_ASSET, isHashed } from './static-files.ts';

/**
 * How this service is not as it should be. The service itself knows nothing of it: a check that must fail needs
 * something to fail on.
 */
export type ControlServiceBehaviour = {
  /** Another status, by path: `{ '/sw.js': 404 }`. The rest of the answer stays, but for the body. */
  statuses?: Readonly<Record<string, number>>;
  /** Another cache-control header, by path; an empty one is left out. */
  cacheControl?: Readonly<Record<string, string>>;
  manifest?: {
    version?: string;
    /** Path of the entry script, which is then served there; null leaves it out of the manifest. */
    entryScript?: string | null;
  };
  /** The platform's front end keeps /healthz to itself, as it does on run.app and behind domain mappings. */
  healthzIntercepted?: boolean;
  /** The access token of a session that is there from the start. */
  accessToken?: string;
  /** The organisation that this session has active: the person's own one, or the one where they are a member. */
  activeOrganisation?: 'own' | 'org:openagents';
};

type Answer = (exchange: Exchange) => Reply;

/** The service's answers with the deviations applied, seen from outside: in front of all of its gates. */
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

// A page of the front end's, not of the service: no JSON, no request id.
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
  // A key that is undefined is left out when this is written as JSON.
  const js = entryScript === undefined ? shipped.entry.js : (entryScript ?? undefined);
  const changed = {
    ...shipped,
    manifestVersion: version ?? shipped.manifestVersion,
    entry: { ...shipped.entry, js },
  };
  return { ...reply, body: `${JSON.stringify(changed, null, 2)}\n` };
}
