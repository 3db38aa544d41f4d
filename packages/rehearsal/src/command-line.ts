import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Environment, readSettings, suggestWord, text, UserError } from '@deploy/cli';
import { PARTS, type Part } from './steps/parts.ts';

export const rehearsalSettings = {
  repoRoot: text(
    'OPENAGENTS_REPO_ROOT',
    'checkout to rehearse when --checkout is not given; with neither, the built-in sample is rehearsed',
  ),
};

/** What to rehearse. Paths are absolute. */
export type RehearsalRequest = {
  /** Whether to leave the local Cloud Run running afterwards. */
  keep: boolean;
  /** The checkout to rehearse; undefined for the sample. */
  checkout: string | undefined;
  /** The command line that starts the control service to rehearse with; undefined for the stand-in. */
  service: string | undefined;
  /** The parts to rehearse; undefined for all that work with this checkout and service. */
  parts: readonly Part[] | undefined;
  scenario: string | undefined;
  /** The folder in which the person typed the command; relative paths start there. */
  cwd: string;
};

/** Reads arguments and settings. Throws a UserError with exit code 2 for an unknown argument. */
export function readRequest(argv: readonly string[], env: Environment): RehearsalRequest {
  const { repoRoot } = readSettings(env, rehearsalSettings);
  // pnpm changes into this project's folder, and sets INIT_CWD to the folder where the person called pnpm.
  const cwd = env.INIT_CWD ?? process.cwd();
  const values = parse(argv);
  const inPlace = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(cwd, path);
  return {
    keep: values.keep ?? false,
    checkout: inPlace(values.checkout ?? repoRoot),
    service: values.service,
    parts: values.steps === undefined ? undefined : readParts(values.steps),
    scenario: inPlace(values.scenario),
    cwd,
  };
}

const OPTIONS = {
  keep: { type: 'boolean' },
  checkout: { type: 'string' },
  service: { type: 'string' },
  steps: { type: 'string' },
  scenario: { type: 'string' },
} as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS }).values;
  } catch (error) {
    const [message = ''] = (error instanceof Error ? error.message : String(error)).split('. ');
    const [, unknown] = /^Unknown option '--?([^']+)'/.exec(message) ?? [];
    const meant = unknown && suggestWord(unknown, Object.keys(OPTIONS));
    throw new UserError(message, {
      exitCode: 2,
      hint: `${meant ? `Did you mean: --${meant}\n` : ''}--help lists the options.`,
    });
  }
}

function readParts(list: string): Part[] {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) {
    throw new UserError(`--steps does not know '${unknown}'`, {
      exitCode: 2,
      hint: `Choose from ${PARTS.join(', ')}, separated by commas.`,
    });
  }
  return PARTS.filter((part) => names.includes(part));
}
