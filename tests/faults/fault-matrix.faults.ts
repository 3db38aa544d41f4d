import { after, describe, test } from 'node:test';
import { scriptHosts } from '../support/script-hosts.ts';
import { callsOf, runScenario, type ScriptCall } from './calls.ts';
import { FAULTS } from './catalog.ts';
import { bareCheckout, openReport } from './checkouts.ts';
import { count } from './counts.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type Cell, requireTable } from './table.ts';
import { verdictOf } from './verdict.ts';

// Most of a run is waiting: for a retry, for the service to settle.
const AT_ONCE = 8;

const hosts = scriptHosts();
const inRollout = await bareCheckout();
await openReport(inRollout.root);
const stand = { hosts, inRollout: inRollout.root };
after(() => Promise.all([hosts, inRollout].map((each) => each[Symbol.asyncDispose]())));
/** A part of the names of what is to be tried; everything when it is empty. */
const only = process.env.FAULTS_ONLY ?? '';
const chosen = SCENARIOS.filter((scenario) => nameOf(scenario).includes(only));
const plan: { scenario: Scenario; calls: ScriptCall[] }[] = [];
const next = chosen.values();
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const scenario of next) plan.push({ scenario, calls: await callsOf(stand, scenario) });
  }),
);
const runs = plan.flatMap(({ scenario, calls }) =>
  calls.flatMap((call) =>
    Object.entries(FAULTS)
      .filter(([, { kind }]) => kind !== 'operation' || call.method === 'PATCH')
      .filter(([fault]) => isTried(scenario, call.name, fault))
      .map(([fault, trigger]) => ({ scenario, call, fault, trigger })),
  ),
);
const cells: Cell[] = [];

function isTried({ calls }: Scenario, call: string, fault: string): boolean {
  return calls === undefined || calls.match.test(call) || calls.others.includes(fault);
}

function nameOf({ script, title }: Scenario): string {
  return `${script} ${title}`.trim();
}

describe('every fault at every call', { concurrency: AT_ONCE }, () => {
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

test('the table in docs/faults.md is what came out', () => requireTable(cells, { isPart: only !== '' }));
