import { type Check, type CheckContext, judgeCheck } from './check.ts';
import { type Exchange, openSmokeClient, type SmokeClient, type SmokeClientOptions } from './http.ts';
import { type CheckResult, decisiveFailure, type SmokeOutcome } from './outcome.ts';

/** A check with its result, and the answer for whoever builds on it. */
export type Ran = { result: CheckResult; exchange: Exchange };

export type Suite = {
  name: SmokeOutcome['suite'];
  bestEffort: readonly string[];
  /** How many requests are in flight at once, at the most. */
  atOnce: number;
  /** Sends what is to be sent; gives the results in the suite's order. */
  run(client: SmokeClient, context: CheckContext): Promise<CheckResult[]>;
};

/** Runs a suite against a service, over one connection pool, and says how it ended. */
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

/** Sends the requests of these checks at once. */
export function runAtOnce(
  checks: readonly Check[],
  client: SmokeClient,
  context: CheckContext,
  headersFor: (check: Check) => Promise<Record<string, string>> = async () => ({}),
): Promise<Ran[]> {
  return Promise.all(
    checks.map(async (check) => {
      const headers = { ...check.request.headers, ...(await headersFor(check)) };
      const exchange = await client.send({ ...check.request, headers });
      return { result: judgeCheck(check, exchange, context), exchange };
    }),
  );
}
