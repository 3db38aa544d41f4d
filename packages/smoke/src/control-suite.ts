import type { Secret } from '@deploy/cli';
import type { Check, CheckContext } from './check.ts';
import { bypassCheck } from './checks/bypass.ts';
import { controlStatusCheck } from './checks/control-status.ts';
import { healthCheck, readinessCheck } from './checks/health.ts';
import { sessionChecks, syncTokenChecks } from './checks/session.ts';
import { entryCacheCheck, manifestCacheCheck, manifestCheck, workerCacheCheck } from './checks/static.ts';
import { type Cookies, openCookies } from './cookies.ts';
import type { SmokeClient, SmokeClientOptions } from './http.ts';
import { type CheckResult, decisiveFailure, type SmokeOutcome } from './outcome.ts';
import { type Ran, runAtOnce, runSuite } from './suite.ts';

export type ControlSmokeOptions = SmokeClientOptions & {
  accessToken: Secret | undefined;
  bypassToken: Secret | undefined;
};

/** The health route is informative only: on Cloud Run's own URLs the platform answers it itself. */
const BEST_EFFORT = ['health'];

/**
 * Checks the control service: readiness, status, the web shell's files and how they may be cached, and with an access
 * token the session and token routes. Requests go out in at most three waves, each as soon as what it needs is known;
 * the results keep the contract's order.
 */
export function runControlSmoke({
  accessToken,
  bypassToken,
  ...options
}: ControlSmokeOptions): Promise<SmokeOutcome> {
  const bypass = bypassToken && bypassCheck(bypassToken);
  const authorization = accessToken && { authorization: `Bearer ${accessToken.reveal()}` };
  let cookies: Cookies | undefined;
  const context: CheckContext = {
    baseUrl: options.baseUrl,
    hasBypassToken: bypassToken !== undefined,
    hide: (text) => cookies?.hide(text) ?? text,
  };
  return runSuite(
    {
      name: 'control',
      bestEffort: BEST_EFFORT,
      atOnce: firstChecks(authorization).length,
      async run(client) {
        if (bypass === undefined) return afterEntry({ client, context, authorization, cookies });
        cookies = await openCookies(options.baseUrl);
        const entry = await enter(bypass, cookies, client, context);
        if (entry.state === 'failed') return [entry];
        return [entry, ...(await afterEntry({ client, context, authorization, cookies }))];
      },
    },
    options,
    context,
  );
}

const NO_ENTRY: CheckResult = {
  id: 'entry-cache',
  state: 'skipped',
  why: 'the manifest names no entry script',
};

type Surroundings = {
  client: SmokeClient;
  context: CheckContext;
  authorization: Record<string, string> | undefined;
  cookies: Cookies | undefined;
};

/** Asks to be let into the maintenance window; the cookie of the answer, a redirect, is the point of it. */
async function enter(
  bypass: Check,
  cookies: Cookies,
  client: SmokeClient,
  context: CheckContext,
): Promise<CheckResult> {
  const [ran] = await runAtOnce([bypass], client, context);
  if (ran === undefined) throw new Error('a check gave no result');
  if (ran.exchange.answered) await cookies.store(ran.exchange.answer.setCookies);
  return ran.result;
}

/** What needs nothing but entry. */
function firstChecks(authorization: Surroundings['authorization']): Check[] {
  return [
    readinessCheck,
    controlStatusCheck(authorization),
    manifestCheck,
    manifestCacheCheck,
    workerCacheCheck,
    ...(authorization === undefined ? [] : sessionChecks(authorization)),
    // Last: it only informs, and a server that hangs on it must not hold up the others on its connection.
    healthCheck,
  ];
}

async function afterEntry({ client, context, authorization, cookies }: Surroundings): Promise<CheckResult[]> {
  const headersFor = async ({ request }: Check) => (await cookies?.headerFor(request.path)) ?? {};
  const send = (checks: readonly Check[]) => runAtOnce(checks, client, context, headersFor);

  const first = await send(firstChecks(authorization));
  const results = first.map(({ result }) => result);
  const entry = entryCheckOf(first);
  const tokens = authorization === undefined ? [] : syncTokenChecks(authorization);
  const last = [...(entry === undefined ? [] : [entry]), ...tokens];
  // Tokens are minted only on a service that has passed everything before.
  const isHealthy = decisiveFailure({ checks: results, bestEffort: BEST_EFFORT }) === undefined;
  const lastResults = isHealthy
    ? (await send(last)).map(({ result }) => result)
    : last.map(({ id }): CheckResult => ({ id, state: 'skipped', why: 'a check before it failed' }));
  return inContractOrder([...results, ...(entry === undefined ? [NO_ENTRY] : []), ...lastResults]);
}

const CONTRACT_ORDER = [
  'readiness',
  'health',
  'control-status',
  'manifest',
  'manifest-cache',
  'service-worker-cache',
  'entry-cache',
  'auth-session',
  'auth-session-v1',
  'sync-token',
  'sync-token-v1',
];

function inContractOrder(results: readonly CheckResult[]): CheckResult[] {
  return [...results].sort((a, b) => CONTRACT_ORDER.indexOf(a.id) - CONTRACT_ORDER.indexOf(b.id));
}

function entryCheckOf(ran: readonly Ran[]): Check | undefined {
  const manifest = ran.find(({ result }) => result.id === manifestCheck.id);
  return manifest?.exchange.answered ? entryCacheCheck(manifest.exchange.answer) : undefined;
}
