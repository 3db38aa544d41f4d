import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { openEvidence } from '@deploy/report';
import { testCheckout } from '../report/support/checkout.ts';
import { forwardTo } from '../support/forward.ts';
import { COMPILE_CACHE, runScriptProcess } from '../support/run-script.ts';

// A promotion of an hour at real speed: `pnpm measure:promotion-hour [window] [requests a minute]`. `pnpm emulator`
// runs beside it with people on its service, and everything that `promote` asks of it goes through a counter. Once a
// minute it prints the memory of both processes and how many requests were made since, by kind. On Linux only: it reads
// /proc.

const MINUTE_MS = 60_000;
const SERVICE = 'openagents-control-service-staging';
const PROJECT = 'openagentsgemini';
const WINDOW = process.argv[2] ?? '14m';
const PER_MINUTE = process.argv[3] ?? '300';

const emulator = spawn(
  process.execPath,
  [...COMPILE_CACHE, join(projectRoot, 'packages/rehearsal/bin/emulator.ts'), '--load', `${PER_MINUTE}/min`],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const host = await hostOf(emulator);
const counts = new Map<string, number>();
const pass = forwardTo(`http://${host}`);
const counter = createServer((request, response) => {
  const kind = kindOf(request.method ?? '', request.url ?? '');
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  pass(request, response);
});
counter.listen(0, '127.0.0.1');
await once(counter, 'listening');

const cloud = {
  CLOUD_RUN_EMULATOR_HOST: `127.0.0.1:${(counter.address() as AddressInfo).port}`,
  PROJECT,
  SERVICE,
};
const image = `us-central1-docker.pkg.dev/${PROJECT}/openagents-control-service/control:candidate`;
const deployed = await runScriptProcess('canary-rollout', ['deploy-no-traffic', image], { env: cloud });
if (deployed.exitCode !== 0) throw new Error(deployed.stderr);
counts.clear();

await using checkout = await testCheckout();
const location = { project: PROJECT, region: 'us-central1', service: SERVICE };
const { path = '' } = await openEvidence({
  ...{ checkout, location, image, evidenceReport: undefined, note: () => {} },
});

const startedAt = performance.now();
let promote: ChildProcess | undefined;
let last = new Map<string, number>();
const sample = async (): Promise<void> => {
  const since = [...counts].map(([kind, count]) => `${kind} ${count - (last.get(kind) ?? 0)}`);
  last = new Map(counts);
  const minutes = ((performance.now() - startedAt) / MINUTE_MS).toFixed(1);
  const memory = `promote ${await residentMb(promote)} MB, emulator ${await residentMb(emulator)} MB`;
  process.stdout.write(`minute ${minutes}: ${memory}; ${since.sort().join(', ')}\n`);
};
const timer = setInterval(() => void sample(), MINUTE_MS);
const run = await runScriptProcess('canary-rollout', ['promote'], {
  env: { ...cloud, CANARY_WINDOW: WINDOW, EVIDENCE_REPORT: path },
  onStart(child) {
    promote = child;
  },
});
clearInterval(timer);
process.stdout.write(`${run.stdout}${run.stderr.split('\n').slice(-12).join('\n')}
exit ${run.exitCode} after ${(run.durationMs / MINUTE_MS).toFixed(1)} minutes; the report has ${(await readFile(path)).length} bytes
all requests: ${[...counts]
  .map(([kind, count]) => `${kind} ${count}`)
  .sort()
  .join(', ')}
`);
counter.closeAllConnections();
counter.close();
emulator.kill();

/** Where the emulator listens, from what it says. */
async function hostOf(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    const [, found] = /listens at http:\/\/(\S+)/.exec(text) ?? [];
    if (found !== undefined) {
      child.stdout?.resume();
      return found;
    }
  }
  throw new Error(`the emulator did not start: ${text}`);
}

function kindOf(method: string, url: string): string {
  const path = url.replace(/\?.*$/, '');
  if (path === '/v2/entries:list') return 'read logs';
  if (path.startsWith('/v3/')) return 'read metrics';
  if (path.includes('/operations/')) return 'read operation';
  if (path.includes('/revisions')) return 'read revision';
  if (path.includes('/services/')) return method === 'GET' ? 'read service' : 'write service';
  return `${method} ${path}`;
}

async function residentMb(child: ChildProcess | undefined): Promise<string> {
  const status = await readFile(`/proc/${child?.pid}/status`, 'utf8').catch(() => '');
  const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return kb === undefined ? '-' : String(Math.round(Number(kb) / 1024));
}
