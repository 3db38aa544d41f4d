import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { readSection } from '../support/page-section.ts';
import { allRows, polledRows } from './simulation/cells.ts';
import { chartSvg } from './simulation/chart.ts';
import { plainPercent, rolledBackPercent } from './simulation/figures.ts';
import { resultOf } from './simulation/page.ts';
import { randomFrom } from './simulation/random.ts';
import { targetRows, targets } from './simulation/targets.ts';
import { simulateAll } from './simulation/threads.ts';

// `pnpm simulate:canary` takes 10,000 a cell. The numbers are seeded, so that this is the same run every time.
const PROMOTIONS = 150;
const SLACK = { alarms: 2, finds: 5, minutes: 2, answers: 3 };

describe('how good the verdict is, by a small simulation', async () => {
  const results = await simulateAll(
    targetRows.flatMap(({ cells }) => cells),
    PROMOTIONS,
  );
  for (const { what, measured, isMet } of targets(results, SLACK))
    test(what, () => assert.ok(isMet, `measured: ${measured}`));

  test('the plain reading of the runbook would miss it by far', () => {
    const halfPercentAt120 = targetRows[2]?.cells[2];
    assert.ok(halfPercentAt120);
    assert.ok(plainPercent(resultOf(results, halfPercentAt120)) > 50);
  });
});

describe('looks every five seconds, at minutes that are still open', async () => {
  const cells = polledRows.flatMap((row) => row.cells);
  const results = await simulateAll(cells, PROMOTIONS);
  for (const { title, cells } of polledRows)
    test(`roll no more good candidates back: ${title}`, () => {
      for (const cell of cells) {
        const measured = rolledBackPercent(resultOf(results, cell));
        assert.ok(measured <= 0.5 + SLACK.alarms, `${cell.name}: ${measured} %`);
      }
    });
});

describe('the page', () => {
  const page = join(projectRoot, 'docs/canary.md');
  test('has every row of the simulation, and no figure that was missed', async () => {
    const section = await readSection({ page, name: 'simulated' });
    for (const { title } of allRows)
      assert.match(section, new RegExp(`^\\| ${title.replaceAll(/[().]/g, '\\$&')} +\\|`, 'm'));
    assert.match(section, /^10,000 promotions a cell/m);
    assert.doesNotMatch(section, /\| NO /);
  });
  test('shows its charts', async () => {
    const text = await readFile(page, 'utf8');
    const charts = [...text.matchAll(/\]\((charts\/[\w-]+\.svg)\)/g)].map(([, file = '']) => file);
    assert.equal(charts.length, 2);
    for (const file of charts)
      assert.match(await readFile(join(projectRoot, 'docs', file), 'utf8'), /^<svg /);
  });
});

describe('what the simulation is made of', () => {
  test('Poisson numbers have their mean and variance, small and large', () => {
    const random = randomFrom('poisson');
    for (const mean of [0.3, 5, 11.9, 12.1, 80, 5700]) {
      const count = 20_000;
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < count; i++) {
        const k = random.poisson(mean);
        sum += k;
        squares += (k - mean) ** 2;
      }
      const error = Math.sqrt(mean / count);
      assert.ok(Math.abs(sum / count - mean) < 4 * error, `mean ${sum / count} of ${mean}`);
      assert.ok(Math.abs(squares / count / mean - 1) < 0.06, `variance ${squares / count} of ${mean}`);
    }
  });

  test('a name gives the same numbers every time, and another name others', () => {
    const numbers = (name: string) => {
      const random = randomFrom(name);
      return Array.from({ length: 5 }, () => random.next());
    };
    assert.deepEqual(numbers('a'), numbers('a'));
    assert.notDeepEqual(numbers('a'), numbers('b'));
  });

  test('a chart has a line for each series, and gaps where there is no value', () => {
    const svg = chartSvg({
      title: 't',
      places: ['1', '2', '3'],
      xAxis: 'x',
      yAxis: 'y',
      marks: [0, 10],
      series: [{ name: 'one', colour: '#000000', values: [10, undefined, 0] }],
    });
    assert.equal(svg.match(/<circle /g)?.length, 2);
    assert.match(svg, /points="170,44 594,344"/);
  });
});
