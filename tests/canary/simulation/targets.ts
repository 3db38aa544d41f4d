import { badRows, clumpRows, effectRows, goodRows, type Row, slowRows, volumes } from './cells.ts';
import { medianBadAnswers, medianMinute, rolledBackPercent } from './figures.ts';
import { type Results, resultOf } from './page.ts';
import type { CellResult } from './simulate.ts';

/** A figure that the verdict has to reach. */
export type Target = { readonly what: string; readonly measured: string; readonly isMet: boolean };

/** How far a figure may miss its bound: percents of rollbacks and of finds, minutes, bad answers. */
export type Slack = {
  readonly alarms: number;
  readonly finds: number;
  readonly minutes: number;
  readonly answers: number;
};

export const NO_SLACK: Slack = { alarms: 0, finds: 0, minutes: 0, answers: 0 };

/** The cells that the promised figures rest on. */
export const targetRows: readonly Row[] = [
  ...goodRows,
  ...clumpRows,
  ...effectRows.slice(0, 4),
  ...badRows.slice(0, 4),
  ...slowRows,
];

/**
 * The figures that were promised, with those that were measured. In a run of few promotions some sit beside their
 * bound.
 */
export function targets(results: Results, slack: Slack): Target[] {
  const of = (row: Row | undefined, volume: number): CellResult => {
    const cell = row?.cells[volumes.indexOf(volume)];
    if (cell === undefined) throw new Error(`no cell at ${volume} requests a minute`);
    return resultOf(results, cell);
  };
  const worst = (rows: readonly Row[]): number =>
    Math.max(...rows.flatMap(({ cells }) => cells.map((cell) => rolledBackPercent(resultOf(results, cell)))));
  const bad = (title: string): Row | undefined => badRows.find((row) => row.title === title);

  const atMost = (what: string, measured: number, bound: number): Target => ({
    what,
    measured: `${round(measured)} %`,
    isMet: measured <= bound + slack.alarms,
  });
  const foundAtLeast = (what: string, result: CellResult, bound: number): Target => ({
    what,
    measured: `${round(rolledBackPercent(result))} %`,
    isMet: rolledBackPercent(result) >= bound - slack.finds,
  });
  const byMinute = (what: string, result: CellResult, bound: number): Target => {
    const minute = medianMinute(result);
    return {
      what,
      measured: `minute ${minute ?? '-'}`,
      isMet: (minute ?? Infinity) <= bound + slack.minutes,
    };
  };
  const afterAnswers = (what: string, result: CellResult, bound: number): Target => {
    const answers = medianBadAnswers(result);
    return {
      what,
      measured: `${answers ?? '-'} bad answers`,
      isMet: (answers ?? Infinity) <= bound + slack.answers,
    };
  };

  const five = bad('0.1 -> 5 %');
  const all = bad('0.1 -> 100 %');
  const twice = slowRows.find(({ title }) => title === '2 times as slow');
  return [
    atMost('good candidates rolled back: at most 1 % in every cell', worst(goodRows), 1),
    atMost('the same with failures in clumps of 5, 10 and 20: at most 0.5 %', worst(clumpRows), 0.5),
    atMost(
      'the same with slow spells, cold starts and a common outage below 100 %: at most 1 %',
      worst(effectRows.slice(0, 4)),
      1,
    ),
    foundAtLeast('5 % over 0.1 %: all found at 120 a minute', of(five, 120), 99.9),
    foundAtLeast('5 % over 0.1 %: all found at 600 a minute', of(five, 600), 99.9),
    foundAtLeast('5 % over 0.1 %: all found at 6000 a minute', of(five, 6000), 99.9),
    byMinute('half of them by minute 12 at 120 a minute', of(five, 120), 12),
    byMinute('half of them by minute 4 at 600 a minute', of(five, 600), 4),
    foundAtLeast('5 % over 0.1 %: 93 % found at 30 a minute', of(five, 30), 93),
    afterAnswers('every request fails: gone after 8 bad answers at 6 a minute (median)', of(all, 6), 8),
    afterAnswers('the same after 6 at 30 a minute', of(all, 30), 6),
    afterAnswers('the same after 18 at 120 a minute', of(all, 120), 18),
    byMinute('the same within the first minute at 600 a minute', of(all, 600), 1),
    byMinute('the same within the first minute at 6000 a minute', of(all, 6000), 1),
    foundAtLeast('twice as slow: all found at 120 a minute', of(twice, 120), 99.9),
    foundAtLeast('twice as slow: all found at 600 a minute', of(twice, 600), 99.9),
    foundAtLeast('twice as slow: all found at 6000 a minute', of(twice, 6000), 99.9),
  ];
}

function round(percent: number): number {
  return Math.round(percent * 100) / 100;
}
