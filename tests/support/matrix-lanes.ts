import type { AddressInfo } from 'node:net';
import { forwardTo } from './forward.ts';
import { createServer } from './http.ts';
import { matrixWorld } from './matrix.ts';
import { runScriptProcess } from './run-script.ts';

/** How long a matrix took, and its lanes, from the first start to the last end of their checks. */
export type SlowLanes = { durationMs: number; lanes: { builds: number; requests: number; logs: number } };

/** Runs a validation matrix in which every lane takes its time. Throws when it does not pass. */
export async function runSlowLanes(): Promise<SlowLanes> {
  await using world = await matrixWorld({ cargo: 'sleep 3', runWith: runScriptProcess });
  const { STAGING_CONTROL_BASE_URL = '', PROD_CONTROL_BASE_URL = '' } = world.env;
  // Two waves of requests, 7 s; three builds of 3 s in a row, 9 s; a log that takes 8 s to search, an image that takes
  // 5.
  await using staging = await slowServer(STAGING_CONTROL_BASE_URL, 3500);
  await using prod = await slowServer(PROD_CONTROL_BASE_URL, 3500);
  world.cloud.on({ match: { path: /entries:list/ }, fault: { kind: 'stall', ms: 8000 }, times: 2 });
  world.cloud.on({ match: { path: /services\/runtime/ }, fault: { kind: 'stall', ms: 5000 } });
  const run = await world.run({
    STAGING_CONTROL_BASE_URL: staging.url,
    PROD_CONTROL_BASE_URL: prod.url,
    RUN_CROSS_SURFACE: '0',
  });
  if (run.exitCode !== 0) throw new Error(`the matrix ended with ${run.exitCode}: ${run.stderr}`);

  const { checks, durationMs } = world.results();
  const laneMs = (...ids: string[]): number => {
    const lane = checks.flatMap((check) =>
      ids.includes(check.id) && check.status === 'passed' ? [check] : [],
    );
    if (lane.length !== ids.length) throw new Error(`of ${ids.join(', ')} not all have passed`);
    const starts = lane.map(({ startedAt }) => Date.parse(startedAt));
    return Math.max(...lane.map((each, i) => (starts[i] ?? 0) + each.durationMs)) - Math.min(...starts);
  };
  return {
    durationMs,
    lanes: {
      builds: laneMs('runtime-staging-smoke', 'runtime-prod-smoke', 'khala-contract-tests'),
      requests: laneMs('control-staging-smoke', 'control-prod-smoke', 'control-prod-health'),
      logs: laneMs('control-error-log-probe', 'runtime-error-log-probe'),
    },
  };
}

/** Passes requests on to a server, each after a while. */
async function slowServer(url: string, delayMs: number) {
  const forward = forwardTo(url);
  const server = createServer((request, response) => {
    setTimeout(() => forward(request, response), delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
