/** Requests a minute, both revisions together. */
export const volumes: readonly number[] = [6, 30, 120, 600, 6000];

/** What happens in a cell beside the failures of every day. */
export type Effect = 'none' | 'slow spells' | 'cold starts' | 'outage of both' | 'outage of both at 100 %';

/** One situation, of which thousands of promotions are simulated. Rates are percents, volumes requests a minute. */
export type Cell = {
  readonly name: string;
  readonly volume: number;
  readonly stableRate: number;
  readonly canaryRate: number;
  /** The minute of the walk from which on the candidate's rate is its own; before it, it fails as stable does. */
  readonly badFrom: number;
  /** Failures that come together, all on one revision. */
  readonly clump: number;
  readonly effect: Effect;
  /** Latencies are simulated, and the candidate's are so many times longer. */
  readonly slowness?: number;
  /**
   * `straight`: every step takes its window, and whatever is not unhealthy goes on; so rules are compared on the same
   * minutes. `holding`: as `promote` does it, extended to three windows while inconclusive and then held. `polled`: as
   * `straight`, looked at every five seconds with what the running minute has by then.
   */
  readonly walk: 'straight' | 'holding' | 'polled';
  /** Of each five seconds, the chance in percent that nothing of them is ever seen. */
  readonly lostPercent: number;
};

const USUAL = { badFrom: 1, clump: 1, effect: 'none', walk: 'straight', lostPercent: 0 } as const;

function cell(
  volume: number,
  stableRate: number,
  canaryRate: number,
  more: Partial<Omit<Cell, 'name'>> = {},
): Cell {
  const { badFrom, clump, effect, slowness, walk, lostPercent } = { slowness: undefined, ...USUAL, ...more };
  const name = [
    `${stableRate} -> ${canaryRate} %`,
    ...(clump === 1 ? [] : [`clumps of ${clump}`]),
    ...(badFrom === 1 ? [] : [`from minute ${badFrom}`]),
    ...(effect === 'none' ? [] : [effect]),
    ...(slowness === undefined || slowness === 1 ? [] : [`${slowness} times as slow`]),
    ...(lostPercent === 0 ? [] : [`${lostPercent} % lost`]),
    walk,
    `${volume}/min`,
  ].join(', ');
  return {
    ...{ name, volume, stableRate, canaryRate, badFrom, clump, effect, walk, lostPercent },
    ...(slowness === undefined ? {} : { slowness }),
  };
}

const at = (make: (volume: number) => Cell): readonly Cell[] => volumes.map(make);

const rates = [0, 0.1, 0.5, 2] as const;

/** A line of a table: one situation at all volumes. */
export type Row = { readonly title: string; readonly cells: readonly Cell[] };

/** Candidates that are as good as stable. */
export const goodRows: readonly Row[] = rates.map((rate) => ({
  title: `${rate} % fail on both`,
  cells: at((volume) => cell(volume, rate, rate)),
}));

/** The same as `promote` walks: rolled back, held or promoted. */
export const goodHoldingRows: readonly Row[] = [...rates, 0.8].sort().map((rate) => ({
  title: `${rate} % fail on both`,
  cells: at((volume) => cell(volume, rate, rate, { walk: 'holding' })),
}));

export const clumpRows: readonly Row[] = [5, 10, 20].flatMap((clump) =>
  rates.slice(1).map((rate) => ({
    title: `${rate} % on both, in clumps of ${clump}`,
    cells: at((volume) => cell(volume, rate, rate, { clump })),
  })),
);

export const effectRows: readonly Row[] = [
  { title: 'latencies alone', cells: at((volume) => cell(volume, 0.1, 0.1, { slowness: 1 })) },
  {
    title: '5 slow minutes on both (40 % too slow)',
    cells: at((volume) => cell(volume, 0.1, 0.1, { slowness: 1, effect: 'slow spells' })),
  },
  {
    title: "each step's first minute of the candidate 4 times as slow",
    cells: at((volume) => cell(volume, 0.1, 0.1, { slowness: 1, effect: 'cold starts' })),
  },
  {
    title: 'both fail 20 % for 2 minutes, below 100 %',
    cells: at((volume) => cell(volume, 0.1, 0.1, { effect: 'outage of both' })),
  },
  {
    title: '20 % of all fail for 2 minutes, while at 100 %',
    cells: at((volume) => cell(volume, 0.1, 0.1, { effect: 'outage of both at 100 %' })),
  },
];

/** Good ones as `promote` looks at them, with everything that it reads, and with a part of it only. */
export const polledRows: readonly Row[] = [0, 30].flatMap((lostPercent) =>
  [1, 10].map((clump) => ({
    title: `0.5 % on both, in clumps of ${clump}, looked at every 5 s, ${lostPercent} % lost`,
    cells: at((volume) => cell(volume, 0.5, 0.5, { clump, lostPercent, walk: 'polled' })),
  })),
);

/** Candidates that have to be found. */
export const badRows: readonly Row[] = [
  ...(
    [
      [0.1, 2],
      [0.1, 5],
      [0.1, 20],
      [0.1, 100],
      [0.5, 2],
      [0.5, 5],
      [2, 5],
    ] as const
  ).map(([stable, canary]) => ({
    title: `${stable} -> ${canary} %`,
    cells: at((volume) => cell(volume, stable, canary)),
  })),
  ...[5, 10, 20].map((clump) => ({
    title: `0.1 -> 5 %, in clumps of ${clump}`,
    cells: at((volume) => cell(volume, 0.1, 5, { clump })),
  })),
  { title: '0.1 -> 5 % from minute 21', cells: at((volume) => cell(volume, 0.1, 5, { badFrom: 21 })) },
  { title: '0.1 -> 5 % at 100 % only', cells: at((volume) => cell(volume, 0.1, 5, { badFrom: 31 })) },
];

export const slowRows: readonly Row[] = [1.5, 2, 3].map((slowness) => ({
  title: `${slowness} times as slow`,
  cells: at((volume) => cell(volume, 0.1, 0.1, { slowness })),
}));

/** Bad candidates as `promote` walks. */
export const badHoldingRows: readonly Row[] = [1, 2, 5].map((rate) => ({
  title: `0.1 -> ${rate} %`,
  cells: at((volume) => cell(volume, 0.1, rate, { walk: 'holding' })),
}));

export const allRows: readonly Row[] = [
  ...goodRows,
  ...goodHoldingRows,
  ...clumpRows,
  ...effectRows,
  ...badRows,
  ...slowRows,
  ...badHoldingRows,
];
