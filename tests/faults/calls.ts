import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Emulator, Trigger } from '@deploy/emulator';
import { cloudEnv, cloudWith, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import type { ScriptRun } from '../support/run-script.ts';
import type { PutForward, ScriptHosts } from '../support/script-hosts.ts';
import { bareCheckout, copyOf } from './checkouts.ts';
import type { Before, Scenario } from './scenarios.ts';

/** A cloud call of a script: its kind, and how many writes go before it. */
export type ScriptCall = { name: string; method: string; path: RegExp; writesBefore: number };

/** What the runs share: processes that run scripts, and the folder of a checkout with the report of a deployment. */
export type Stand = { hosts: ScriptHosts; inRollout: string };

export type ScenarioRun = ScriptRun & { cloud: Emulator; before: Before; checkout: string };

// More than the quarter of an hour that a script waits for a service to settle.
const TOO_LONG_MS = 16 * 60_000;
const STALLED_MS = 500;
const QUIET_MS = 100;
const LEAVING_MS = 300;

/** Runs a scenario, with a fault or without, and lets `judge` look at the outcome while the emulator is still up. */
export async function runScenario<T>(
  { hosts, inRollout }: Stand,
  scenario: Scenario,
  planned: { call: ScriptCall; fault: Trigger['fault'] } | undefined,
  judge: (run: ScenarioRun) => Promise<T> | T,
): Promise<T> {
  await using cloud = await cloudWith(scenario.cloud);
  await using checkout = await (scenario.hasReport ? copyOf(inRollout) : bareCheckout());
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
    const given: Trigger['fault'] =
      fault.kind === 'stall' ? { kind: 'hold', until: (left) => aMinute(fault.ms, left) } : fault;
    cloud.on({ match: { method, path }, isDue, fault: given });
  }
  let putForward: PutForward | undefined;
  /** Waits until the script seems to wait for this call only, and then puts its clock forward. */
  const aMinute = async (ms: number, left: AbortSignal) => {
    await whenQuiet(cloud);
    if (left.aborted) return;
    await putForward?.({ clockJumpMs: ms, endsRequests: true });
    // The host has closed the connection of what it has given up. That is noticed soon.
    await pause(LEAVING_MS, undefined, { signal: left }).catch(() => {});
    // If this process was held up, the timer fires first, and Node needs two more turns to notice the closed connection.
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  };
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
    (jump) => {
      putForward = jump;
      if (planned?.fault.kind !== 'operation' || planned.fault.fate !== 'stalls') return;
      whenStalled(cloud, ended.signal)
        .then(() => jump({ clockJumpMs: TOO_LONG_MS, endsRequests: false }))
        .catch(() => {});
    },
  );
  ended.abort();
  await cloud.settled();
  return judge({ ...run, cloud, before, checkout: checkout.root });
}

/** Resolves when the script has asked for nothing for a while, other than what it is waiting for. */
async function whenQuiet({ requests }: Emulator): Promise<void> {
  let seen = -1;
  while (requests.length !== seen) {
    seen = requests.length;
    await pause(QUIET_MS);
  }
}

/** Resolves when the service has been changing for much longer than a change takes here; rejects when that is off. */
async function whenStalled(cloud: Emulator, off: AbortSignal): Promise<void> {
  let changingMs = 0;
  while (changingMs < STALLED_MS) {
    await pause(50, undefined, { signal: off });
    changingMs = cloud.service(SERVICE).reconciling ? changingMs + 50 : 0;
  }
}

/**
 * The calls that a scenario makes when nothing goes wrong: of each kind the first one, and the first one after each
 * write, since an interrupted look at what came of a write is another matter than one before it.
 */
export async function callsOf(stand: Stand, scenario: Scenario): Promise<ScriptCall[]> {
  return runScenario(stand, scenario, undefined, ({ cloud, exitCode, stdout, stderr }) => {
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
    .replace(/\/v2\/.*\/(manifests|blobs)\/.*/, '/v2/*/$1/*')
    .replace(/\/artifacts-downloads\/.*/, '/artifacts-downloads/*');
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
