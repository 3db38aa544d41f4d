import { isGitHubActions } from './github-actions.ts';
import type { Output } from './output.ts';
import type { Environment } from './settings.ts';

/**
 * `says` tells a person what to do next. `command`, if there is one, is the command line that does it, ready to paste.
 */
export type NextStep = { says: string; command?: string };

/**
 * Whether a person is watching: stderr is a terminal or the log of a GitHub Actions run. Elsewhere a program may read
 * stderr together with stdout, so the scripts print no extra lines there.
 */
export function isWatched(env: Environment): boolean {
  return process.stderr.isTTY === true || isGitHubActions(env);
}

/** Ends a script's output with what to do next, each command on its own line. */
export function showNext({ out }: { out: Output }, steps: readonly NextStep[]): void {
  for (const { says, command } of steps) out.note(command === undefined ? says : `${says}:\n  ${command}`);
}
