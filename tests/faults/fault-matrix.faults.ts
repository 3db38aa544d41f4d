import { after, describe, test } from 'node:test';
import { scriptHosts } from '../support/script-hosts.ts';
import { callsOf, runScenario } from './calls.ts';
import { FAULTS } from './catalog.ts';
import { count } from './counts.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type Cell, requireTable } from './table.ts';
import { verdictOf } from './verdict.ts';

// Most of a run is waiting: for a retry, for the service to settle.
const AT_ONCE = 6;
// A stall costs no work, only time.
const STALLS_AT_ONCE = 28;

const hosts = scriptHosts();
after(() => hosts[Symbol.asyncDispose]());
/** A part of the names of what is to be tried; everything when it is empty. */
const only = process.env.FAULTS_ONLY ?? '';
const plan = await Promise.all(
  SCENARIOS.filter((scenario) => nameOf(scenario).includes(only)).map(async (scenario) => ({
    scenario,
    calls: await callsOf(hosts, scenario),
  })),
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

function suite(title: string, concurrency: number, chosen: typeof runs): void {
  describe(title, { concurrency }, () => {
    for (const { scenario, call, fault, trigger } of chosen) {
      test(`${nameOf(scenario)}: ${call.name}: ${fault}`, async () => {
        const verdict = await runScenario(hosts, scenario, { call, fault: trigger }, (run) =>
          verdictOf(scenario, run),
        );
        cells.push({ script: nameOf(scenario), call: call.name, fault, verdict });
        count('faults tried');
        count(verdict.startsWith('done') ? 'faults survived' : 'faults stopped at, in one clear line');
      });
    }
  });
}

describe('every fault at every call', { concurrency: true }, () => {
  suite(
    'long silence',
    STALLS_AT_ONCE,
    // A write has the most patience, so it begins first.
    runs
      .filter(({ trigger }) => trigger.kind === 'stall')
      .sort((a, b) => b.call.method.localeCompare(a.call.method)),
  );
  suite(
    'wrong answers and cut connections',
    AT_ONCE,
    runs.filter(({ trigger }) => trigger.kind !== 'stall'),
  );
});

test('the table in docs/faults.md is what came out', () => requireTable(cells, { isPart: only !== '' }));
