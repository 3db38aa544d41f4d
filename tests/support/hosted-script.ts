import { environmentOf, type ScriptOptions, type ScriptRun } from './run-script.ts';
import { scriptHosts } from './script-hosts.ts';

const hosts = scriptHosts();

/**
 * Runs `scripts/<name>.ts` as `runScriptProcess` does, in a process that has run other scripts of the same test file;
 * after the first, a run takes a fifth of the time. Not for what has to do with processes (signals, terminals, memory,
 * how one ends), not for what Node or a package reads once (certificates to trust, where the shell is), and not for
 * secrecy: what one run was given as a secret is redacted in the next ones too.
 */
export function runScript(
  name: string,
  args: readonly string[],
  options: Omit<ScriptOptions, 'onStart'> = {},
): Promise<ScriptRun> {
  const env = Object.entries(environmentOf(options)).flatMap(([variable, value]) =>
    value === undefined ? [] : [[variable, value] as const],
  );
  const { cwd } = options;
  return hosts.run({ script: name, args, env: Object.fromEntries(env), ...(cwd !== undefined && { cwd }) });
}
