import { markdownTable } from 'markdown-table';
import {
  allRows,
  badHoldingRows,
  badRows,
  type Cell,
  clumpRows,
  effectRows,
  goodHoldingRows,
  goodRows,
  type Row,
  slowRows,
  volumes,
} from './cells.ts';
import { type Chart, chartSvg } from './chart.ts';
import {
  heldPercent,
  medianBadAnswers,
  medianMinute,
  plainPercent,
  rolledBackPercent,
  shortPercent,
} from './figures.ts';
import type { CellResult } from './simulate.ts';

export type Results = ReadonlyMap<string, CellResult>;

/** The pictures of the page, by their file names. */
export function charts(results: Results): Record<string, string> {
  return {
    'false-alarms.svg': chartSvg(falseAlarms(results)),
    'minutes-to-find.svg': chartSvg(minutesToFind(results)),
  };
}

/** The tables of the page, as Markdown. */
export function simulatedSection(results: Results, promotions: number): string {
  const count = promotions.toLocaleString('en-US');
  return [
    `${count} promotions a cell; steps 5, 25, 50, 100 %, 10 minutes each; an hour of history; \`pnpm simulate:canary --write\`.`,
    '### Good candidates that are rolled back, in percent',
    'In brackets: by the plain reading of the runbook, 5xx of the step so far at 1 % or more, looked at every minute.',
    table(
      results,
      [...goodRows, ...clumpRows],
      (result) => `${shortPercent(rolledBackPercent(result))} (${shortPercent(plainPercent(result))})`,
    ),
    'What else happens to good candidates, 0.1 % failing on both (rolled back, in percent):',
    table(results, effectRows, (result) => shortPercent(rolledBackPercent(result))),
    '### Good candidates as `promote` walks them: rolled back / held as inconclusive, in percent',
    'A step is extended to 30 minutes while nothing can be said, and then held.',
    table(
      results,
      goodHoldingRows,
      (result) => `${shortPercent(rolledBackPercent(result))} / ${shortPercent(heldPercent(result))}`,
    ),
    '### Bad candidates that are found',
    'Percent found @ minute of the walk by which half of all promotions were rolled back / failures that clients had got from the candidate by then (median).',
    table(results, badRows, (result) => found(result, true)),
    'Twice as slow and the like, below 100 %:',
    table(results, slowRows, (result) => found(result, false)),
    'Bad candidates as `promote` walks them: rolled back / held, in percent; the rest is promoted.',
    table(
      results,
      badHoldingRows,
      (result) => `${shortPercent(rolledBackPercent(result))} / ${shortPercent(heldPercent(result))}`,
    ),
  ].join('\n\n');
}

/** Every cell of every table. */
export const allCells: readonly Cell[] = allRows.flatMap(({ cells }) => cells);

export function resultOf(results: Results, cell: Cell): CellResult {
  const result = results.get(cell.name);
  if (result === undefined) throw new Error(`${cell.name} was not simulated`);
  return result;
}

function table(results: Results, rows: readonly Row[], show: (result: CellResult) => string): string {
  return markdownTable([
    ['requests a minute', ...volumes.map(String)],
    ...rows.map(({ title, cells }) => [title, ...cells.map((cell) => show(resultOf(results, cell)))]),
  ]);
}

function found(result: CellResult, withBadAnswers: boolean): string {
  const minute = medianMinute(result);
  const percent = shortPercent(rolledBackPercent(result));
  if (minute === undefined) return percent;
  return withBadAnswers ? `${percent} @ ${minute} / ${medianBadAnswers(result)}` : `${percent} @ ${minute}`;
}

const X_AXIS = { places: volumes.map(String), xAxis: 'requests a minute, both revisions together' };

function falseAlarms(results: Results): Chart {
  const [, low, middle, outage] = goodRows;
  const values = (row: Row | undefined, percent: (result: CellResult) => number): number[] =>
    (row?.cells ?? []).map((cell) => percent(resultOf(results, cell)));
  const worst = [...goodRows, ...clumpRows].map((row) => values(row, rolledBackPercent));
  return {
    title: 'Good candidates rolled back, in percent of promotions',
    ...X_AXIS,
    yAxis: '% of promotions',
    marks: [0, 20, 40, 60, 80, 100],
    series: [
      {
        name: 'plain reading of the runbook, 2 % fail on both',
        colour: '#b00020',
        values: values(outage, plainPercent),
      },
      { name: 'plain reading, 0.5 % fail on both', colour: '#e07000', values: values(middle, plainPercent) },
      { name: 'plain reading, 0.1 % fail on both', colour: '#d0a800', values: values(low, plainPercent) },
      {
        name: 'the verdict of these scripts, the worst of all rates and clumps of failures',
        colour: '#0050b0',
        values: volumes.map((_, i) => Math.max(...worst.map((row) => row[i] ?? 0))),
      },
    ],
  };
}

function minutesToFind(results: Results): Chart {
  const line = (title: string, colour: string) => ({
    name: `${title} of the candidate's requests fail`,
    colour,
    values: (badRows.find((row) => row.title === `0.1 -> ${title}`)?.cells ?? []).map((cell) =>
      medianMinute(resultOf(results, cell)),
    ),
  });
  return {
    title: 'Minute by which half of the bad candidates are gone; stable fails 0.1 %',
    ...X_AXIS,
    yAxis: 'minute',
    marks: [0, 10, 20, 30, 40],
    series: [
      line('2 %', '#7030a0'),
      line('5 %', '#0050b0'),
      line('20 %', '#008060'),
      line('100 %', '#b00020'),
      {
        name: 'twice as slow',
        colour: '#e07000',
        values: (slowRows[1]?.cells ?? []).map((cell) => medianMinute(resultOf(results, cell))),
      },
    ],
  };
}
