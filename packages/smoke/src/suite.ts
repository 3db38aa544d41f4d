import type { Check, CheckContext } from './check.ts';
import type { Exchange } from './exchange.ts';
import { openSmokeClient, type SmokeClient, type SmokeClientOptions } from './http.ts';
import { judgeCheck } from './judge.ts';
import { decisiveFailure, type SmokeOutcome, type SmokeResult } from './outcome.ts';

/** A check's result, and the answer, which later checks may depend on. */
export type Ran = { result: SmokeResult; exchange: Exchange };

export type Suite = {
  name: SmokeOutcome['suite'];
  bestEffort: readonly string[];
  /** The most requests that are in flight at once. */
  atOnce: number;
  /** Sends the requests and returns the results in the suite's order. */
  run(client: SmokeClient, context: CheckContext): Promise<SmokeResult[]>;
};

/** Runs a suite against a service over one connection pool. */
export async function runSuite(
  suite: Suite,
  options: SmokeClientOptions,
  context: CheckContext,
): Promise<SmokeOutcome> {
  const startedAt = new Date();
  const startedAtMs = performance.now();
  const client = await openSmokeClient(options, suite.atOnce);
  try {
    const checks = await suite.run(client, context);
    const { name, bestEffort } = suite;
    return {
      suite: name,
      baseUrl: options.baseUrl,
      startedAt: startedAt.toISOString(),
      durationMs: Math.round(performance.now() - startedAtMs),
      state: decisiveFailure({ checks, bestEffort }) === undefined ? 'passed' : 'failed',
      checks,
      bestEffort,
    };
  } finally {
    await client.close();
  }
}

/** Sends a check's request, with the `added` headers, and judges what comes of it. */
export async function runCheck(
  check: Check,
  client: SmokeClient,
  context: CheckContext,
  added: Record<string, string> = {},
): Promise<Ran> {
  const headers = { ...check.request.headers, ...added };
  const exchange = await client.send({ ...check.request, headers });
  return { result: judgeCheck(check, exchange, context), exchange };
}

/** Sends the requests of these checks all at once. */
export function runAtOnce(
  checks: readonly Check[],
  client: SmokeClient,
  context: CheckContext,
): Promise<Ran[]> {
  return Promise.all(checks.map((check) => runCheck(check, client, context)));
}
