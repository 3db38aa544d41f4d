import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Agent, createServer, listen } from '../src/http.ts';
import { startEmulator } from '../src/index.ts';
import { call } from '../src/load/call.ts';

// Measures how much load the emulator can take: `pnpm emulator:throughput`. A separate process sends the requests.
// Requests per second depend on what else the machine is doing. For comparison, this also shows the processor time per
// request, which hardly varies, and the same figures for a bare HTTP server.

const SECONDS = 5;
const ROUNDS = 3;
const AT_ONCE = 64;
const PROJECT = 'openagentsgemini';

const [role, address] = process.argv.slice(2);
if (role === 'client' && address !== undefined) await request(address);
else await measure();

/** Sends requests as fast as it can for some seconds, and prints how many were answered. */
async function request(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const end = performance.now() + SECONDS * 1000;
  let answers = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < end) {
        const { status } = await call(new URL(url), agent, { method: 'GET', path: '/login' });
        if (status === 200) answers += 1;
      }
    }),
  );
  agent.destroy();
  process.stdout.write(`${answers}\n`);
}

async function measure(): Promise<void> {
  const bare = createServer((_, response) => response.end('<!doctype html><title>OpenAgents</title>\n'));
  const image = 'registry.example.com/openagents/control:one';
  const logs = { delayMs: 0, readsPerMinute: 1_000_000 };
  await using emulator = await startEmulator({
    project: PROJECT,
    services: [{ name: 'control', image, laterImages: [image.replace('one', 'two')] }],
    logs,
    // With a negative delay, the points of the current minute can already be read.
    monitoring: { delayMs: -60_000 },
  });
  const [two = '', one = ''] = emulator.revisions('control').map(({ name }) => name.split('/').at(-1) ?? '');
  const row = (revision: string, percent: number) =>
    ({ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision, percent }) as const;
  emulator.changeTraffic('control', [row(one, 95), row(two, 5)], 'bench@example.com');
  await emulator.settled();

  const targets = {
    'a bare HTTP server': `http://127.0.0.1:${await listen(bare)}`,
    'routed, answered, logged and counted': emulator.service('control').uri,
  };
  const results = Object.fromEntries(
    Object.keys(targets).map((name) => [name, [] as { rate: number; cpuUs: number }[]]),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, url] of Object.entries(targets)) results[name]?.push(await oneRound(url));
  }
  for (const [name, rounds] of Object.entries(results)) {
    const rate = median(rounds.map((each) => each.rate));
    const cpuUs = median(rounds.map((each) => each.cpuUs));
    process.stdout.write(`${name}: ${Math.round(rate)} requests/s, ${Math.round(cpuUs)} µs each\n`);
  }
  bare.close();

  const minuteAgo = new Date(emulator.clock.now() - 60_000).toISOString();
  const entries = (): Promise<Response> =>
    fetch(`${emulator.url}/v2/entries:list`, {
      method: 'POST',
      body: JSON.stringify({
        resourceNames: [`projects/${PROJECT}`],
        filter: `log_id("run.googleapis.com/requests") resource.labels.revision_name="${two}" timestamp>="${minuteAgo}"`,
        pageSize: 1000,
      }),
    });
  const series = (): Promise<Response> => {
    const query = new URLSearchParams({
      filter: 'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"',
      'interval.startTime': minuteAgo,
      'interval.endTime': new Date(emulator.clock.now() + 60_000).toISOString(),
    });
    return fetch(`${emulator.url}/v3/projects/${PROJECT}/timeSeries?${query}`);
  };
  for (const [name, read] of Object.entries({ 'entries.list': entries, 'timeSeries.list': series })) {
    const times: number[] = [];
    for (let i = 0; i < 10; i += 1) times.push((await busy(async () => (await read()).text())).cpuUs / 1000);
    process.stdout.write(`${name} after all that: ${median(times).toFixed(1)} ms\n`);
  }
}

async function oneRound(url: string): Promise<{ rate: number; cpuUs: number }> {
  const child = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.url), 'client', url],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const { cpuUs } = await busy(() => once(child, 'close'));
  const answers = Number(printed);
  return { rate: answers / SECONDS, cpuUs: cpuUs / answers };
}

/** The processor time that this process uses during the work. */
async function busy(work: () => Promise<unknown>): Promise<{ cpuUs: number }> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: user + system };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
