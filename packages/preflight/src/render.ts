import type { Finding } from '@deploy/cli';
import type { Preflight } from './run.ts';

export type PreflightFormat = 'auto' | 'text' | 'json' | 'table';

/** Where the findings are shown: a terminal with its width in columns, or a file or pipe. */
export type Screen = { isTTY?: boolean; columns?: number };

const NARROWEST = 72;
/** From this width on, the advice gets its own column. In a narrower table that would cut variable names in two. */
const WIDE = 120;
/** Left plus right padding of a cell. */
const PADDING = 2;

/** Renders the findings as lines of text. */
export async function renderPreflight(
  preflight: Preflight,
  format: PreflightFormat,
  screen: Screen,
): Promise<string> {
  switch (format === 'auto' ? (screen.isTTY ? 'table' : 'text') : format) {
    case 'table':
      return table(problemsFirst(preflight.findings), Math.max(screen.columns ?? 120, NARROWEST));
    case 'text':
      return problemsFirst(preflight.findings).map(plainLine).join('\n');
    case 'json': {
      const { findings, facts = {} } = preflight;
      const passed = findings.every(({ state }) => state !== 'error');
      return JSON.stringify({ passed, ...facts, findings }, null, 2);
    }
  }
}

const URGENCY = { error: 0, warning: 1, note: 2, ok: 3 } as const;

/** First the problems to fix, then what is only information; each in the runbook's order. */
function problemsFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((one, other) => URGENCY[one.state] - URGENCY[other.state]);
}

/** `[error] image: … is not in its registry -> Set IMAGE to …` */
function plainLine({ check, state, found, advice }: Finding): string {
  return `[${state}] ${check}: ${found}${advice ? ` -> ${advice}` : ''}`;
}

async function table(findings: readonly Finding[], columns: number): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const isNarrow = columns < WIDE;
  const [check, state, borders] = [20, 9, isNarrow ? 4 : 5];
  const rest = columns - check - state - borders;
  const found = isNarrow ? rest : Math.ceil(rest * 0.55);
  const rows = new Table({
    head: ['check', 'state', ...(isNarrow ? ['found, and what to do'] : ['found', 'what to do'])],
    colWidths: [check, state, found, ...(isNarrow ? [] : [rest - found])],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
    // No lines between rows, so that the table fits on a screen.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { check, state, found: what, advice = '' } of findings) {
    const told = breakable(what, found - PADDING);
    if (isNarrow)
      rows.push([check, state, advice ? `${told}\n${breakable(`-> ${advice}`, found - PADDING)}` : told]);
    else rows.push([check, state, told, breakable(advice, rest - found - PADDING)]);
  }
  return rows.toString();
}

/** Breaks words that are longer than a line; the table would truncate them, digests included. */
function breakable(text: string, width: number): string {
  return text.replace(new RegExp(`\\S{${width}}(?=\\S)`, 'g'), '$& ');
}
