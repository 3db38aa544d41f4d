import type { PromotionEntry } from '../record/schema.ts';

type Minute = PromotionEntry['minutes'][number];
type Counts = Minute['canary'];

// With fewer minutes, Mermaid labels the axis in tenths of minutes.
const FEWEST_MINUTES = 5;

/**
 * The share of 5xx and the p95 latency of both revisions, minute by minute, as Mermaid charts. Leaves out the errors if
 * there were none, the latency if it was never measured, and both if the promotion took only a few minutes.
 */
export function promotionCharts({ minutes }: PromotionEntry): string[] {
  if (minutes.length < FEWEST_MINUTES) return [];
  const hadErrors = minutes.some(({ stable, canary }) => canary.errors + (stable?.errors ?? 0) > 0);
  const hadLatencies = minutes.some(({ canary }) => canary.p95Ms !== undefined);
  return [
    ...(hadErrors ? [chart('5xx in % of the requests', minutes, errorPercent, 1)] : []),
    ...(hadLatencies ? [chart('p95 in ms', minutes, latency, 10)] : []),
  ];
}

function errorPercent({ requests, errors }: Counts): number | undefined {
  return requests === 0 ? undefined : Math.min(100, toHundredths((errors / requests) * 100));
}

// Longer than any answer takes, and small enough to be written without an exponent, which Mermaid cannot read.
const LONGEST_MS = 10_000_000;

function latency({ p95Ms }: Counts): number | undefined {
  return p95Ms === undefined ? undefined : Math.min(LONGEST_MS, toHundredths(p95Ms));
}

function toHundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

// Readable on white and on black, and for people who cannot tell red from green.
const COLOURS = { share: '#9ec5fe', stable: '#6e7781', canary: '#e36209' };

/** The chart of one figure. Its axis reaches at least to `leastTop`, so that a tiny difference does not look large. */
function chart(
  what: string,
  minutes: readonly Minute[],
  figure: (counts: Counts) => number | undefined,
  leastTop: number,
): string {
  const stable = withoutGaps(minutes.map((minute) => minute.stable && figure(minute.stable)));
  const canary = withoutGaps(minutes.map((minute) => figure(minute.canary)));
  const top = roundedUp(Math.max(leastTop, ...stable, ...canary));
  const from = new Date(minutes[0]?.at ?? 0).toISOString().slice(11, 16);
  const lines = [
    '---',
    'config:',
    '    xyChart:',
    '        width: 900',
    '        height: 220',
    '        titleFontSize: 16',
    '        yAxis:',
    '            labelFontSize: 11',
    '    themeVariables:',
    '        xyChart:',
    `            plotColorPalette: "${COLOURS.share}, ${COLOURS.stable}, ${COLOURS.canary}"`,
    '---',
    'xychart-beta',
    `    title "${what} by minute from ${from} UTC: stable grey, canary orange; blue: the canary's share, 100 % at the top"`,
    `    x-axis 1 --> ${minutes.length}`,
    `    y-axis 0 --> ${top}`,
    `    line [${minutes.map(({ step }) => toHundredths((Math.min(step, 100) / 100) * top)).join(', ')}]`,
    `    line [${stable.join(', ')}]`,
    `    line [${canary.join(', ')}]`,
  ];
  return lines.join('\n');
}

/**
 * Replaces missing values, because a chart cannot show gaps. A gap gets the value before it; a gap at the beginning
 * gets the value after it. A gap at the end gets 0: stable, for example, has no values once the canary gets 100 %.
 */
function withoutGaps(values: readonly (number | undefined)[]): number[] {
  const last = values.findLastIndex((value) => value !== undefined);
  let known = values.find((value) => value !== undefined) ?? 0;
  return values.map((value, index) => {
    known = value ?? known;
    return index > last ? 0 : known;
  });
}

/** Rounds up to a number for which the axis needs at most a dozen labels; there is no room for more. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 4, 5, 8, 10].find((each) => each * power >= value) ?? 10;
  return factor * power;
}
