import type { Settings } from './settings.ts';
import { wholeWordLines } from './whole-words.ts';

/**
 * One way to call a script. `changes` marks a call that changes something in the cloud, at the place that PROJECT,
 * REGION and SERVICE name.
 */
export type Call = { arguments: string; does: string; changes?: true };

export type Usage = {
  /** The script's path, as in a command: `scripts/canary-rollout.ts`. */
  script: string;
  purpose: string;
  /** Every way to call it, such as `set-traffic <stable> <canary> <percent>`. */
  calls: readonly Call[];
  settings: Settings;
  examples?: readonly string[];
};

/** A script's help as data, for documentation tools. */
export type UsageData = Omit<Usage, 'settings'> & {
  variables: { name: string; meaning: string; default?: string; secret: boolean }[];
};

/** The usual width of a terminal. Used regardless of the real width, so that the text is the same everywhere. */
const WIDTH = 80;
const WIDEST_LEFT = 40;
const NO_BREAK = '\u00a0';
const MORE = 'docs/variables.md lists the variables of every script.';

/** The help text of a script: every way to call it, every variable it reads with its default, examples. */
export function usageText(usage: Usage): string {
  const command = `pnpm tsx ${usage.script}`;
  const calls = usage.calls.map((call) => [`${command} ${call.arguments}`.trim(), call.does] as const);
  const variables = usageData(usage).variables.map(
    ({ name, meaning, default: byDefault }) =>
      [name, byDefault === undefined ? meaning : `${meaning} (default:${NO_BREAK}${byDefault})`] as const,
  );
  return [
    ...wrapped(usage.purpose, WIDTH),
    '',
    'Usage:',
    ...columns(calls),
    ...(variables.length === 0 ? [] : ['', 'Environment variables:', ...columns(variables), '', MORE]),
    ...(usage.examples ? ['', 'Examples:', ...usage.examples.map(exampleLines)] : []),
  ].join('\n');
}

export function usageData({ settings, ...usage }: Usage): UsageData {
  const variables = Object.values(settings).map(({ name, meaning, defaultText, secret = false }) => ({
    name,
    meaning,
    ...(defaultText === undefined ? {} : { default: defaultText }),
    secret,
  }));
  return { ...usage, variables };
}

/** The way of calling the script that fits these arguments; undefined when there is none. */
export function callOf({ calls }: Usage, [action = '']: readonly string[]): Call | undefined {
  return (
    calls.find((call) => call.arguments.split(' ')[0] === action) ??
    calls.find((call) => call.arguments === '')
  );
}

/** The script's actions: the first word of each of its calls. */
export function actionsOf({ calls }: Usage): string[] {
  return calls.flatMap((call) => call.arguments.split(' ')[0] || []);
}

/** Formats an example for copying. If it is too wide, it continues on the next line after a backslash. */
function exampleLines(example: string): string {
  return wrapped(example, WIDTH - 6)
    .join(' \\\n    ')
    .replace(/^/, '  ');
}

/** Formats two columns. If a left cell is too wide, every right cell goes on a line of its own. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const widest = Math.max(...rows.map(([left]) => left.length));
  const width = Math.min(widest, WIDEST_LEFT);
  const indent = ' '.repeat(widest > WIDEST_LEFT ? 6 : width + 4);
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrapped(right, WIDTH - indent.length).map((line) => fitted(line, indent));
    if (widest > WIDEST_LEFT) return [`  ${left}`, first, ...rest];
    return [`  ${left.padEnd(width)}  ${first.trimStart()}`.trimEnd(), ...rest];
  });
}

/** Indents a line, but less if it contains a long word and would otherwise be too wide. */
function fitted(line: string, indent: string): string {
  return `${indent.slice(0, Math.max(0, WIDTH - line.length))}${line}`;
}

function wrapped(text: string, width: number): string[] {
  return wholeWordLines(text, width).map((line) => line.replaceAll(NO_BREAK, ' '));
}
