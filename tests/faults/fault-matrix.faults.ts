import { describe, test } from 'node:test';
import { callsOf, runScenario } from './calls.ts';
import { FAULTS } from './catalog.ts';
import { count } from './counts.ts';
import { SCENARIOS } from './scenarios.ts';
import { type Cell, requireTable } from './table.ts';
import { verdictOf } from './verdict.ts';

// A minute's stall costs no work, only time: as many of them at once as there are.
const AT_ONCE = 5;

const plan = await Promise.all(
  SCENARIOS.map(async (scenario) => ({ scenario, calls: await callsOf(scenario) })),
);
const runs = plan.flatMap(({ scenario, calls }) =>
  calls.flatMap((call) =>
    Object.entries(FAULTS).map(([fault, trigger]) => ({ scenario, call, fault, trigger })),
  ),
);
const cells: Cell[] = [];

function suite(title: string, concurrency: number, chosen: typeof runs): void {
  describe(title, { concurrency }, () => {
    for (const { scenario, call, fault, trigger } of chosen) {
      test(`${scenario.script} ${scenario.title}: ${call.name}: ${fault}`, async () => {
        const { method, path, skip } = call;
        const verdict = await runScenario(
          scenario,
          { match: { method, path }, skip, fault: trigger },
          (run) => verdictOf(scenario, run),
        );
        cells.push({ script: `${scenario.script} ${scenario.title}`, call: call.name, fault, verdict });
        count('faults tried');
        count(verdict === 'done' ? 'faults survived' : 'faults stopped at, in one clear line');
      });
    }
  });
}

describe('every fault at every call', { concurrency: true }, () => {
  suite(
    'long silence',
    100,
    runs.filter(({ trigger }) => trigger.kind === 'stall'),
  );
  suite(
    'wrong answers and cut connections',
    AT_ONCE,
    runs.filter(({ trigger }) => trigger.kind !== 'stall'),
  );
});

test('the table in docs/faults.md is what came out', () => requireTable(cells));
