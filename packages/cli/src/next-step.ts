import type { Output } from './output.ts';
import type { Environment } from './settings.ts';

/** What to do next: what it is good for, and the command, ready to paste, where there is one. */
export type NextStep = { says: string; command?: string };

/**
 * Whether a person watches: stderr is a terminal, or the log of a run in GitHub Actions. Elsewhere a program may have merged stderr
 * into what it reads, and scripts that are quiet there have to stay so.
 */
export function isWatched(env: Environment): boolean {
  return process.stderr.isTTY === true || env.GITHUB_ACTIONS === 'true';
}

/** Ends a script's output with what to do next, each command on a line of its own. */
export function showNext({ out }: { out: Output }, steps: readonly NextStep[]): void {
  for (const { says, command } of steps) out.note(command === undefined ? says : `${says}:\n  ${command}`);
}
