import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import type { ToolCall } from './stand-in-tools.ts';

/** A recorded run of one of the shell scripts that ours take over from. */
export type Recording = {
  id: string;
  script: string;
  args: string[];
  env: Record<string, string>;
  scenario: Record<string, unknown> | null;
  observed: {
    exit: number;
    stdout: string;
    stderr: string;
    calls?: ToolCall[];
    http?: Record<string, unknown>[];
    /** What the matrix wrote, by name, and the names of its logs. */
    files?: Record<string, string>;
    logs?: string[];
  };
};

export function recordingsOf(...scripts: string[]): Recording[] {
  const file = join(projectRoot, 'tests/recordings/recordings.json');
  const all = JSON.parse(readFileSync(file, 'utf8')) as Recording[];
  return all.filter(({ script }) => scripts.includes(script));
}

/** The variables that a recorded usage text names, for a recording whose output was one. */
export function usageVariables({ observed }: Recording): string[] | undefined {
  return /^<usage text .* these variables: (.*)>$/.exec(observed.stdout.trim())?.[1]?.split(', ');
}
