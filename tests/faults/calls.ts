import type { Emulator, Trigger } from '@deploy/emulator';
import { cloudEnv, cloudWith, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import type { Before, Scenario } from './scenarios.ts';

/** A cloud call of a script: its kind, and which of the calls of that kind in one run. */
export type ScriptCall = { name: string; method: string; path: RegExp; skip: number };

export type ScenarioRun = ScriptRun & { cloud: Emulator; before: Before };

/** Runs a scenario, with a fault or without, and lets `judge` look at the outcome while the emulator is still up. */
export async function runScenario<T>(
  scenario: Scenario,
  trigger: Trigger | undefined,
  judge: (run: ScenarioRun) => Promise<T> | T,
): Promise<T> {
  await using cloud = await cloudWith(scenario.cloud);
  const before = {
    generation: cloud.service(SERVICE).generation,
    revisions: revisionNames(cloud),
    serving: serving(cloud),
  };
  if (trigger !== undefined) cloud.on(trigger);
  const run = await runScriptProcess(scenario.script, scenario.args(cloud), {
    env: { ...cloudEnv(cloud), ...scenario.env },
    withoutTsx: true,
  });
  await cloud.settled();
  return judge({ ...run, cloud, before });
}

/**
 * The calls that a scenario makes when nothing goes wrong: of each kind the first one, and the first one after each
 * write, since an interrupted look at what came of a write is another matter than one before it.
 */
export async function callsOf(scenario: Scenario): Promise<ScriptCall[]> {
  return runScenario(scenario, undefined, ({ cloud, exitCode, stderr }) => {
    if (exitCode !== 0) throw new Error(`${scenario.title} fails without a fault: ${stderr}`);
    const counts = new Map<string, number>();
    const seen = new Set<string>();
    const calls: ScriptCall[] = [];
    let phase = 'before';
    for (const { method, path } of cloud.requests) {
      const kind = `${method} ${shapeOf(path)}`;
      const skip = counts.get(kind) ?? 0;
      counts.set(kind, skip + 1);
      const name = phase === 'before' ? kind : `${kind}, after ${phase}`;
      if (!seen.has(name)) calls.push({ name, method, path: patternOf(path), skip });
      seen.add(name);
      if (method !== 'GET') phase = `the ${ordinal(counts, method)}${method}`;
    }
    return calls;
  });
}

// Names differ from run to run.
function shapeOf(path: string): string {
  return path
    .replace(/^\/v\d\/projects\/[^/]+/, '')
    .replace(/^\/locations\/[^/]+/, '')
    .replace(/(services|revisions|secrets)\/[^/:]+/g, '$1/*');
}

function patternOf(path: string): RegExp {
  const shape = path
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/(services|revisions|secrets)\/[^/:]+/g, '$1/[^/:]+');
  return new RegExp(`^${shape}$`);
}

function ordinal(counts: ReadonlyMap<string, number>, method: string): string {
  const total = [...counts].reduce((sum, [kind, count]) => (kind.startsWith(method) ? sum + count : sum), 0);
  return total === 1 ? '' : `${total}. `;
}
