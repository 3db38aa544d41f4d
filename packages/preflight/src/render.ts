import { adviceLine, type Finding, wholeWordLines } from '@deploy/cli';
import type { Preflight } from './run.ts';

type PreflightFormat = 'auto' | 'text' | 'json' | 'table';

/** Where the findings are shown: a terminal, with its width in columns, or a file or pipe. */
type Screen = { isTTY?: boolean; columns?: number };

const NARROWEST = 40;
/** From this width on, findings are shown as a table. A narrower table would have no room for long names. */
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
      return forPeople(problemsFirst(preflight.findings), screen.columns ?? WIDE);
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

/**
 * Puts errors first, then warnings, then notes, then the checks that passed. Each of these groups keeps the runbook's
 * order.
 */
function problemsFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((one, other) => URGENCY[one.state] - URGENCY[other.state]);
}

/** For example: `[error] image: … is not in its registry -> Set IMAGE to …` */
function plainLine(finding: Finding): string {
  const { check, state, found } = finding;
  const advice = adviceLine(finding);
  return `[${state}] ${check}: ${found}${advice ? ` -> ${advice}` : ''}`;
}

async function forPeople(findings: readonly Finding[], columns: number): Promise<string> {
  if (columns < WIDE)
    return findings.flatMap((each) => listed(each, Math.max(columns, NARROWEST))).join('\n');
  return [await table(findings, columns), ...findings.flatMap(commandBelow)].join('\n');
}

const STATE_WIDTH = 'warning'.length + 2;

/**
 * A finding as lines, with its state in a column of its own. If there is a command to paste, it gets a line of its own.
 * A command wider than the screen is not broken here, because only a line that the terminal itself wraps can be copied
 * in one piece.
 */
function listed({ check, state, found, advice, command }: Finding, columns: number): string[] {
  const indent = ' '.repeat(STATE_WIDTH);
  const [first = '', ...rest] = wholeWordLines(`${check}: ${found}`, columns - STATE_WIDTH);
  const advised =
    advice === undefined ? [] : wholeWordLines(`-> ${advice}${command ? ':' : ''}`, columns - STATE_WIDTH);
  return [
    `${state.padEnd(STATE_WIDTH)}${first}`,
    ...[...rest, ...advised, ...(command === undefined ? [] : [command])].map((line) => `${indent}${line}`),
  ];
}

/** A finding's command, to be shown below the table, because a cell would break it into several lines. */
function commandBelow({ check, advice, command }: Finding): string[] {
  return command === undefined ? [] : [`${check}: ${advice ?? 'to fix it'}:`, `  ${command}`];
}

async function table(findings: readonly Finding[], columns: number): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const [check, state, borders] = [20, 9, 5];
  const rest = columns - check - state - borders;
  const found = Math.ceil(rest * 0.55);
  const rows = new Table({
    head: ['check', 'state', 'found', 'what to do'],
    colWidths: [check, state, found, rest - found],
    wordWrap: true,
    wrapOnWordBoundary: true,
    style: { head: [], border: [] },
    // Without lines between rows, the table fits on a screen.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { check, state, found: what, advice = '', command } of findings) {
    const toDo = command === undefined ? advice : `${advice}: see below`;
    rows.push([check, state, breakable(what, found - PADDING), breakable(toDo, rest - found - PADDING)]);
  }
  return rows.toString();
}

/** Adds spaces to words that are longer than a line, such as digests, because the table would cut them off. */
function breakable(text: string, width: number): string {
  return text.replace(new RegExp(`\\S{${width}}(?=\\S)`, 'g'), '$& ');
}
