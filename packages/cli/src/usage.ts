import type { Settings } from './settings.ts';

export type Usage = {
  /** The script as it is called: `scripts/canary-rollout.ts`. */
  script: string;
  purpose: string;
  /** The ways to call it, arguments only: `set-traffic <stable> <canary> <percent>`; empty for no arguments. */
  calls: readonly { arguments: string; does: string }[];
  settings: Settings;
  examples?: readonly string[];
};

/** The help text of a script: every way to call it, every variable it reads with its default, examples. */
export function usageText(usage: Usage): string {
  const command = `pnpm tsx ${usage.script}`;
  const calls = usage.calls.map((call) => [`${command} ${call.arguments}`.trim(), call.does] as const);
  const variables = Object.values(usage.settings).map(
    (setting) =>
      [
        setting.name,
        setting.defaultText === undefined
          ? setting.meaning
          : `${setting.meaning} (default: ${setting.defaultText})`,
      ] as const,
  );
  return [
    usage.purpose,
    '',
    'Usage:',
    ...columns(calls),
    '',
    'Environment variables:',
    ...columns(variables),
    ...(usage.examples ? ['', 'Examples:', ...usage.examples.map((example) => `  ${example}`)] : []),
  ].join('\n');
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
