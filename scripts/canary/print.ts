import type { Tally } from '@deploy/canary/statistics';
import { countText, type SignalVerdict, type Verdict } from '@deploy/canary/verdict';

// Together with the gaps between them, the columns fit into 80 characters.
const WIDTHS = [13, 14, 14, 13, 13, 12];

const BORDERS =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle'.split(
    ' ',
  );

/** The exit code of each verdict. Of several verdicts, the one listed first here decides. */
export const EXIT_CODES = { unhealthy: 1, inconclusive: 3, healthy: 0 } as const;

/** Whether verdicts are shown to a person. */
export function isForPeople(format: 'auto' | 'text' | 'json'): boolean {
  return format === 'text' || (format === 'auto' && process.stdout.isTTY);
}

/** A verdict for people: the reason, a table of the signals, and notes. */
export async function renderVerdict(verdict: Verdict): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['signal', 'stable', 'candidate', 'limit', 'evidence', 'verdict'],
    colWidths: WIDTHS,
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
    // No borders, so that the table fits a narrow terminal.
    chars: Object.fromEntries(BORDERS.map((part) => [part, ''])),
  });
  const shown = verdict.signals.filter(({ verdict: own }) => own !== 'not judged');
  for (const each of shown) {
    const { signal, stable, canary, limit = '', verdict: own } = each;
    table.push([signal, failed(stable), failed(canary), limit, evidence(each), own]);
  }
  return [verdictLine(verdict), '', table.toString().replace(/ +$/gm, ''), '', ...notesOn(verdict)]
    .join('\n')
    .trim();
}

/** One line for each note, with the signals that it belongs to. */
function notesOn({ signals }: Verdict): string[] {
  const notes = new Map<string, string[]>();
  for (const { signal, note, verdict } of signals) {
    const text = note ?? (verdict === 'not judged' ? 'not judged, since there are no figures' : undefined);
    if (text !== undefined) notes.set(text, [...(notes.get(text) ?? []), signal]);
  }
  return [...notes].map(([note, about]) => `${about.join(', ')}: ${note}`);
}

export function verdictLine({ verdict, minute, reason }: Verdict): string {
  return `${verdict} at minute ${minute}: ${reason}`;
}

function failed(tally: Tally | undefined): string {
  return tally === undefined ? '' : `${countText(tally.failed)} of ${countText(tally.requests)}`;
}

/** How close the evidence is to its bound: `37 of 400`. Above a million, only its power of ten is shown. */
function evidence({ lnEvidence, lnBound }: SignalVerdict): string {
  if (lnEvidence === undefined || lnBound === undefined) return '';
  const powers = lnEvidence / Math.LN10;
  const value = Math.exp(lnEvidence);
  const shown =
    powers > 6 ? `1e${Math.floor(powers)}` : value < 10 ? value.toPrecision(1) : countText(Math.round(value));
  return `${powers < -3 ? '0' : shown} of ${countText(Math.round(Math.exp(lnBound)))}`;
}
