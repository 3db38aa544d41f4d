import { after, describe, test } from 'node:test';
import type { Trigger } from '@deploy/emulator';
import { type ScriptHosts, scriptHosts } from '../support/script-hosts.ts';
import { callsOf, runScenario, type ScriptCall, type Stand } from './calls.ts';
import { FAULTS } from './catalog.ts';
import { bareCheckout, openReport } from './checkouts.ts';
import { count } from './counts.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type Cell, requireTable } from './table.ts';
import { verdictOf } from './verdict.ts';

/**
 * How many runs of a script there are at once, one if it is not here. Most of a run is waiting: for a retry, for the
 * service to settle. The numbers let all scripts end at about the same time.
 */
const AT_ONCE: Readonly<Record<string, number>> = {
  'canary-rollout': 6,
  'maintenance-mode': 4,
  'deploy-staging': 2,
};

type Planned = { scenario: Scenario; call: ScriptCall; fault: string; trigger: Trigger['fault'] };

/** What is tried with one script, and the processes that run it. */
type Lane = { script: string; atOnce: number; stand: Stand; runs: readonly Planned[] };

const inRollout = await bareCheckout();
await openReport(inRollout.root);
const allHosts: ScriptHosts[] = [];
after(() => Promise.all([...allHosts, inRollout].map((each) => each[Symbol.asyncDispose]())));
/** A part of the names of what is to be tried; everything when it is empty. */
const only = process.env.FAULTS_ONLY ?? '';
const chosen = SCENARIOS.filter((scenario) => nameOf(scenario).includes(only));
const lanes = await Promise.all([...new Set(chosen.map(({ script }) => script))].map(laneOf));
const cells: Cell[] = [];

/** A process that runs one script only: loading another takes as long as several runs. */
async function laneOf(script: string): Promise<Lane> {
  const hosts = scriptHosts();
  allHosts.push(hosts);
  const stand = { hosts, inRollout: inRollout.root };
  const atOnce = AT_ONCE[script] ?? 1;
  const next = chosen.filter((scenario) => scenario.script === script).values();
  const runs: Planned[] = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const scenario of next) runs.push(...runsOf(scenario, await callsOf(stand, scenario)));
    }),
  );
  return { script, atOnce, stand, runs };
}

function runsOf(scenario: Scenario, calls: readonly ScriptCall[]): Planned[] {
  return calls.flatMap((call) =>
    Object.entries(FAULTS)
      .filter(([, { kind }]) => kind !== 'operation' || call.method === 'PATCH')
      .filter(([fault]) => isTried(scenario, call.name, fault))
      .map(([fault, trigger]) => ({ scenario, call, fault, trigger })),
  );
}

function isTried({ calls }: Scenario, call: string, fault: string): boolean {
  return calls === undefined || calls.match.test(call) || calls.others.includes(fault);
}

function nameOf({ script, title }: Scenario): string {
  return `${script} ${title}`.trim();
}

describe('every fault at every call', { concurrency: lanes.length }, () => {
  for (const { script, atOnce, stand, runs } of lanes) {
    describe(script, { concurrency: atOnce }, () => {
      for (const { scenario, call, fault, trigger } of runs) {
        test(`${nameOf(scenario)}: ${call.name}: ${fault}`, async () => {
          const verdict = await runScenario(stand, scenario, { call, fault: trigger }, (run) =>
            verdictOf(scenario, run),
          );
          cells.push({ script: nameOf(scenario), call: call.name, fault, verdict });
          count('faults tried');
          count(verdict.startsWith('done') ? 'faults survived' : 'faults stopped at, in one clear line');
        });
      }
    });
  }
});

test('the table in docs/faults.md is what came out', () => requireTable(cells, { isPart: only !== '' }));
