import { styleText } from 'node:util';
import type { PromotionEvent } from '@deploy/canary';
import { mergeHistograms, p95 } from '@deploy/canary/statistics';
import { cleanLine, wholeSecondsText } from '@deploy/cli';

type Poll = Extract<PromotionEvent, { kind: 'polled' }>['poll'];
type Minute = Extract<PromotionEvent, { kind: 'minuteObserved' }>['minute'];
type Histogram = Parameters<typeof mergeHistograms>[0][number];

/** The latencies of the step so far, for the table. A poll's verdict does not contain them. */
export type StepLatencies = {
  readonly step: number;
  readonly stable?: Histogram;
  readonly canary?: Histogram;
};

/** Adds a minute to the latencies of its step, starting afresh with each step. */
export function addLatencies(
  before: StepLatencies | undefined,
  { step, stable, canary }: Minute,
): StepLatencies {
  const old = before?.step === step ? before : undefined;
  const merge = (one: Histogram | undefined, other: Histogram | undefined) =>
    mergeHistograms([one, other].flatMap((each) => each ?? []));
  const [ofStable, ofCanary] = [merge(old?.stable, stable?.latency), merge(old?.canary, canary.latency)];
  return { step, ...(ofStable && { stable: ofStable }), ...(ofCanary && { canary: ofCanary }) };
}

const BAR_WIDTH = 20;
const WIDTH = 79;

/** A poll as a table of at most 79 columns: steps, window, both revisions' figures, the evidence. */
export function promotionTable(
  { percent, steps, verdict, unreadable, ...poll }: Poll,
  latencies: StepLatencies | undefined,
  stream: NodeJS.WriteStream,
): string[] {
  const errors = verdict.signals.find(({ signal }) => signal === 'errors');
  const bold = (text: string) => styleText('bold', text, { stream });
  const line = (...cells: string[]) =>
    cells
      .map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0))
      .join('')
      .trimEnd();
  const figures = (name: 'stable' | 'canary') =>
    line(
      `  ${name}`,
      String(errors?.[name]?.requests ?? '-'),
      String(errors?.[name]?.failed ?? '-'),
      p95Text(latencies?.step === percent ? latencies[name] : undefined),
    );
  const standing =
    unreadable === undefined
      ? `so far  ${verdict.reason}`
      : `waiting for the source, which cannot be read: ${unreadable}`;
  return [
    `steps   ${stepsText(steps, percent, bold)}`,
    `window  ${windowText(poll)}`,
    line('', 'requests', 'errors', 'p95'),
    figures('stable'),
    figures('canary'),
    `evidence against the canary  ${bar(errors?.lnEvidence, errors?.lnBound)}`,
    ...wrapped(standing),
    'To stop: Ctrl-C; the split stays, and the same command goes on from there.',
  ].map((text) => (text.length > WIDTH && !text.includes('\u001b') ? `${cleanLine(text, WIDTH - 1)}` : text));
}

/** Every step with its state, or only the progress if there are too many for one line. */
function stepsText(steps: readonly number[], percent: number, bold: (text: string) => string): string {
  const texts = steps.map((step) =>
    step < percent ? `${step} % ok` : step === percent ? `[${step} %]` : `${step} %`,
  );
  if (texts.join('  ').length > WIDTH - 8)
    return `${percent} %, step ${steps.indexOf(percent) + 1} of ${steps.length}`;
  return texts.map((text) => (text.startsWith('[') ? bold(text) : text)).join('  ');
}

function windowText({
  watchedMinutes,
  windowMinutes,
  isExtended,
}: Pick<Poll, 'watchedMinutes' | 'windowMinutes' | 'isExtended'>): string {
  if (watchedMinutes < 0) return 'begins with the next whole minute';
  const of = `${windowMinutes} min${isExtended ? ', extended' : ''}`;
  const left = windowMinutes - watchedMinutes;
  return left > 0
    ? `${wholeSecondsText(left * 60_000)} left of ${of}`
    : `over after ${of}; its last requests may still arrive`;
}

/** Wraps a text into at most five lines. All but the first are indented by the width of the labels. */
function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= WIDTH || lines.length === MOST_LINES) lines[lines.length - 1] = longer;
    else lines.push(`${INDENT}${word}`);
  }
  return lines;
}

const MOST_LINES = 5;
const INDENT = ' '.repeat('waiting '.length);

const COLUMNS = [12, 12, 10, 10];

/** A bar that shows how close the evidence is to its bound. */
function bar(evidence: number | undefined, bound: number | undefined): string {
  if (evidence === undefined || bound === undefined) return 'none yet';
  const share = Math.min(1, Math.max(0, evidence / bound));
  const filled = Math.round(share * BAR_WIDTH);
  return `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)} ${Math.round(share * 100)} % of the bound`;
}

function p95Text(histogram: Histogram | undefined): string {
  const ms = histogram && p95(histogram);
  return ms === undefined ? '-' : Number.isFinite(ms) ? `${Math.round(ms)} ms` : 'off scale';
}
