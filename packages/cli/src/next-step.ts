import type { Output } from './output.ts';
import type { Environment } from './settings.ts';

/** What to do next: its purpose, and a command that is ready to paste, if there is one. */
export type NextStep = { says: string; command?: string };

/**
 * Whether a person is watching: stderr is a terminal or the log of a GitHub Actions run. Elsewhere a program may read
 * stderr merged with stdout, so scripts that print nothing there must stay silent.
 */
export function isWatched(env: Environment): boolean {
  return process.stderr.isTTY === true || env.GITHUB_ACTIONS === 'true';
}

/** Ends a script's output with what to do next, each command on its own line. */
export function showNext({ out }: { out: Output }, steps: readonly NextStep[]): void {
  for (const { says, command } of steps) out.note(command === undefined ? says : `${says}:\n  ${command}`);
}
