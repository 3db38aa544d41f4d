import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator, Trigger } from '@deploy/emulator';
import { sampleCheckoutFolder } from '@deploy/rehearsal/stage';
import { openEvidence } from '@deploy/report';
import { cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import type { ScriptRun } from '../support/run-script.ts';
import type { ScriptHosts } from '../support/script-hosts.ts';
import type { Before, Scenario } from './scenarios.ts';

/** A cloud call of a script: its kind, and how many writes go before it. */
export type ScriptCall = { name: string; method: string; path: RegExp; writesBefore: number };

export type ScenarioRun = ScriptRun & { cloud: Emulator; before: Before; checkout: string };

// More than the quarter of an hour that a script waits for a service to settle.
const TOO_LONG_MS = 16 * 60_000;
const STALLED_MS = 500;

/** Runs a scenario, with a fault or without, and lets `judge` look at the outcome while the emulator is still up. */
export async function runScenario<T>(
  hosts: ScriptHosts,
  scenario: Scenario,
  planned: { call: ScriptCall; fault: Trigger['fault'] } | undefined,
  judge: (run: ScenarioRun) => Promise<T> | T,
): Promise<T> {
  await using cloud = await cloudWith(scenario.cloud);
  await using checkout = await bareCheckout();
  if (scenario.hasReport) await openReport(checkout.root);
  const before = {
    generation: cloud.service(SERVICE).generation,
    revisions: revisionNames(cloud),
    serving: serving(cloud),
  };
  if (planned !== undefined) {
    const { call, fault } = planned;
    const { method, path } = call;
    // How many looks there are in between differs from run to run.
    const isDue = () => writesIn(cloud) >= call.writesBefore;
    cloud.on({ match: { method, path }, isDue, fault });
  }
  const ended = new AbortController();
  const run = await hosts.run(
    {
      script: scenario.script,
      args: scenario.args(cloud),
      env: {
        PATH: process.env.PATH ?? '',
        HOME: checkout.root,
        ...cloudEnv(cloud),
        OPENAGENTS_REPO_ROOT: checkout.root,
        OUTPUT_DIR: join(checkout.root, 'matrix'),
        ...scenario.env,
      },
    },
    (putForward) => {
      if (planned?.fault.kind !== 'operation' || planned.fault.fate !== 'stalls') return;
      whenStalled(cloud, ended.signal).then(
        () => putForward(TOO_LONG_MS),
        () => {},
      );
    },
  );
  ended.abort();
  await cloud.settled();
  return judge({ ...run, cloud, before, checkout: checkout.root });
}

/** Resolves when the service has been changing for much longer than a change takes here; rejects when that is off. */
async function whenStalled(cloud: Emulator, off: AbortSignal): Promise<void> {
  let changingMs = 0;
  while (changingMs < STALLED_MS) {
    await pause(50, undefined, { signal: off });
    changingMs = cloud.service(SERVICE).reconciling ? changingMs + 50 : 0;
  }
}

/** A sample checkout that no gate looks at: not committed to git, which takes longer than a script does. */
export function bareCheckout(): Promise<CheckoutCopy> {
  return copyOf(sampleCheckoutFolder);
}

type CheckoutCopy = { root: string; [Symbol.asyncDispose](): Promise<void> };

/** Copies a checkout to a temporary folder, with its git if it has one. */
export async function copyOf(checkout: string): Promise<CheckoutCopy> {
  const root = await mkdtemp(join(tmpdir(), 'openagents-'));
  await cp(checkout, root, { recursive: true });
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

/** The report of a deployment that went before. */
export async function openReport(root: string, image = `${IMAGES}:two`): Promise<void> {
  const checkout = {
    root,
    serviceDir: 'apps/openagents.com/service',
    webShellDir: 'apps/openagents.com/web-shell',
  };
  const evidence = await openEvidence({
    checkout,
    location: LOCATION,
    image,
    evidenceReport: undefined,
    note: () => {},
  });
  await evidence.step('deploy', async () => {});
}

/**
 * The calls that a scenario makes when nothing goes wrong: of each kind the first one, and the first one after each
 * write, since an interrupted look at what came of a write is another matter than one before it.
 */
export async function callsOf(hosts: ScriptHosts, scenario: Scenario): Promise<ScriptCall[]> {
  return runScenario(hosts, scenario, undefined, ({ cloud, exitCode, stdout, stderr }) => {
    if (exitCode !== (scenario.walks === 'rolled back' ? 1 : 0))
      throw new Error(`${scenario.title} fails without a fault: ${stdout}${stderr}`);
    const counts = new Map<string, number>();
    const seen = new Set<string>();
    const calls: ScriptCall[] = [];
    let phase = 'before';
    let writesBefore = 0;
    for (const { method, path } of cloud.requests) {
      const kind = `${method} ${shapeOf(path)}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const name = phase === 'before' ? kind : `${kind}, after ${phase}`;
      if (!seen.has(name)) calls.push({ name, method, path: patternOf(path), writesBefore });
      seen.add(name);
      // Some questions are asked by POST.
      if (!isWrite(method, path)) continue;
      writesBefore += 1;
      phase = `the ${ordinal(counts, method)}${method}`;
    }
    return calls;
  });
}

function writesIn({ requests }: Emulator): number {
  return requests.filter(({ method, path }) => isWrite(method, path)).length;
}

function isWrite(method: string, path: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && !/tokeninfo|IamPolicy$|entries:list$|:wait$/.test(path);
}

// Names differ from run to run.
function shapeOf(path: string): string {
  return path
    .replace(/^\/v\d(?=\/(?:projects|entries))/, '')
    .replace(/^\/projects\/[^/:]+\//, '/')
    .replace(/^\/locations\/[^/]+/, '')
    .replace(
      /(services|revisions|operations|secrets|jobs|projects|namespaces|domainmappings)\/[^/:]+/g,
      '$1/*',
    )
    .replace(/\/v2\/.*\/manifests\/.*/, '/v2/*/manifests/*');
}

function patternOf(path: string): RegExp {
  const shape = path
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/(services|revisions|operations|secrets|jobs)\/[^/:]+/g, '$1/[^/:]+');
  return new RegExp(`^${shape}$`);
}

function ordinal(counts: ReadonlyMap<string, number>, method: string): string {
  const total = [...counts].reduce((sum, [kind, count]) => (kind.startsWith(method) ? sum + count : sum), 0);
  return total === 1 ? '' : `${total}. `;
}
