import { healthProbe, readinessProbe } from './checks/routes.ts';
import type { SmokeClientOptions } from './http.ts';
import type { SmokeOutcome } from './outcome.ts';
import { runAtOnce, runSuite } from './suite.ts';

const CHECKS = [
  { id: 'health', ...healthProbe },
  { id: 'readiness', ...readinessProbe },
];

/** Checks `/healthz` and `/readyz`: both must answer below 400. */
export function runHealthSmoke(options: SmokeClientOptions): Promise<SmokeOutcome> {
  const context = {
    baseUrl: options.baseUrl,
    hasBypassToken: false,
    hide: (text: string) => text,
  };
  return runSuite(
    {
      name: 'health',
      bestEffort: [],
      atOnce: CHECKS.length,
      run: async (client) => (await runAtOnce(CHECKS, client, context)).map(({ result }) => result),
    },
    options,
    context,
  );
}
