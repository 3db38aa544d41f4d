import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { contentAt, type Entry } from './tree.ts';

/** A program that cargo is configured to run. Relative paths in its `words` are resolved against `folder`. */
export type ConfiguredProgram = { name: string; words: readonly string[]; folder: string };

// These variables are listed in https://doc.rust-lang.org/cargo/reference/environment-variables.html.
const PROGRAM_VARIABLE =
  /^(?:RUSTC|RUSTDOC|RUSTC_WRAPPER|RUSTC_WORKSPACE_WRAPPER|CARGO_BUILD_RUSTC(?:_WRAPPER|_WORKSPACE_WRAPPER)?|CARGO_BUILD_RUSTDOC|CARGO_TARGET_.*_(?:RUNNER|LINKER))$/;

/**
 * Whether a variable names a program that cargo runs. A gate's verdict then depends on the program's content, not on
 * its path.
 */
export function namesProgram(variable: string): boolean {
  return PROGRAM_VARIABLE.test(variable);
}

/** The programs that environment variables tell cargo to run, when cargo itself runs in `folder`. */
export function programsInEnvironment(
  env: Readonly<Record<string, string>>,
  folder: string,
): ConfiguredProgram[] {
  return Object.entries(env).flatMap(([name, value]) =>
    namesProgram(name) && value !== ''
      ? [{ name, folder, words: name.endsWith('_RUNNER') ? value.split(/\s+/) : [value] }]
      : [],
  );
}

/** One input for the contents of a program and of those arguments that are files, wherever the files lie. */
export function programEntry(
  { words, folder }: ConfiguredProgram,
  env: Readonly<Record<string, string>>,
): Entry {
  const [program = '', ...args] = words;
  const entries = [
    contentAt(findProgram(program, folder, env) ?? join(folder, program)),
    ...args.map((arg): Entry => {
      const path = resolve(folder, arg);
      return isFile(path) ? contentAt(path) : { state: arg, changedAt: 0 };
    }),
  ];
  return {
    state: entries.map(({ state }) => state).join(' '),
    changedAt: Math.max(...entries.map(({ changedAt }) => changedAt)),
  };
}

/** Finds a program. A path is resolved against `folder`; a bare name is looked up on the PATH. */
export function findProgram(
  program: string,
  folder: string,
  { PATH = '' }: Readonly<Record<string, string>>,
): string | undefined {
  if (program.includes('/')) return isAbsolute(program) ? program : resolve(folder, program);
  return PATH.split(delimiter)
    .map((each) => join(each, program))
    .find(isRunnable);
}

/** Whether a program is there and may be run. */
export function canBeRun(program: string, folder: string, env: Readonly<Record<string, string>>): boolean {
  const path = findProgram(program, folder, env);
  return path !== undefined && isRunnable(path);
}

function isRunnable(path: string): boolean {
  return isFile(path) && isExecutable(path);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // It is not there, or in a folder that this user may not search.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
