import { hash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { VARIABLE } from '../fingerprint-inputs.ts';
import type { Crates } from './cargo.ts';
import { contentAt } from './tree.ts';

/**
 * The inputs that a build read although its fingerprint does not cover them. Keys are paths of files, or
 * `variable NAME`; values are states, such as a hash of the content.
 */
export type AlsoRead = Readonly<Record<string, string>>;

export type SeenRequest = {
  root: string;
  crates: Crates;
  gateEnv: Readonly<Record<string, string>>;
  /** Whether the fingerprint covers an input with this name. */
  isCovered(name: string): boolean;
};

const RERUN = /^cargo::?rerun-if-(env-)?changed=(.+)$/;
// Cargo sets these itself, from inputs that the fingerprint covers.
const CARGO_SETS = /^(?:CARGO(?:_.*)?|OUT_DIR|RUSTC|RUSTDOC|TARGET|HOST|PROFILE|OPT_LEVEL|DEBUG|NUM_JOBS)$/;

/**
 * The inputs that the compiler and the crates' build scripts read and that the fingerprint does not cover: for example,
 * a file that `include_str!` takes from elsewhere, or a variable of `env!`. They are listed in notes that the compiler
 * and the build scripts leave in the target folder. Undefined when there are no such notes. Sources:
 * `rustc --emit dep-info`, and https://doc.rust-lang.org/cargo/reference/build-scripts.html
 */
export async function readElsewhere(request: SeenRequest): Promise<AlsoRead | undefined> {
  const { root, crates, gateEnv, isCovered } = request;
  const names = new Set<string>();
  const profiles = (await Promise.all(crates.buildFolders.map(profileFolders))).flat();
  let isSeen = false;
  for (const profile of profiles) {
    for (const file of await filesIn(join(profile, 'deps'), '.d')) await addDepInfo(file);
    for (const file of await buildOutputs(profile, crates.names)) await addBuildOutput(file);
  }
  const seen = [...names].filter((name) => !isCovered(name)).sort();
  return isSeen ? Object.fromEntries(seen.map((name) => [name, stateNow(name, root, gateEnv)])) : undefined;

  async function addDepInfo(file: string): Promise<void> {
    const lines = (await readFile(file, 'utf8')).split('\n');
    // A dep-info file has a line `<path>:` for every source, besides the lines that list all sources of an output.
    const sources = lines.flatMap((line) =>
      line.endsWith(':') ? [resolve(crates.workspaceRoot, line.slice(0, -1).replaceAll('\\ ', ' '))] : [],
    );
    const [crateRoot] = sources;
    if (crateRoot === undefined || !crates.folders.some((folder) => isUnder(crateRoot, folder))) return;
    isSeen = true;
    for (const source of sources) await addFile(source);
    for (const line of lines) addVariable(/^# env-dep:(\w+)/.exec(line)?.[1]);
  }

  async function addBuildOutput({ path, folder }: { path: string; folder: string }): Promise<void> {
    for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
      const [, isVariable, what] = RERUN.exec(line.trim()) ?? [];
      if (what === undefined) continue;
      if (isVariable) addVariable(what);
      else await addFile(resolve(folder, what));
    }
  }

  async function buildOutputs(profile: string, crateNames: readonly string[]) {
    const entries = await readdir(join(profile, 'build')).catch(() => []);
    return entries.flatMap((entry) => {
      const at = crateNames.indexOf(entry.replace(/-[0-9a-f]{16}$/, ''));
      const folder = crates.folders[at];
      return folder === undefined ? [] : [{ path: join(profile, 'build', entry, 'output'), folder }];
    });
  }

  async function addFile(path: string): Promise<void> {
    const real = await realpath(path).catch(() => path);
    if (!crates.buildFolders.some((folder) => isUnder(real, folder))) names.add(relative(root, real));
  }

  function addVariable(name: string | undefined): void {
    if (name !== undefined && !CARGO_SETS.test(name)) names.add(`${VARIABLE}${name}`);
  }
}

/** The names of inputs in `alsoRead` whose state is different now. */
export function changedSince(
  alsoRead: AlsoRead,
  root: string,
  gateEnv: Readonly<Record<string, string>>,
): string[] {
  return Object.keys(alsoRead).filter((name) => alsoRead[name] !== stateNow(name, root, gateEnv));
}

function stateNow(name: string, root: string, gateEnv: Readonly<Record<string, string>>): string {
  if (!name.startsWith(VARIABLE)) return contentAt(resolve(root, name)).state;
  const value = gateEnv[name.slice(VARIABLE.length)];
  return value === undefined ? 'unset' : hash('sha256', value);
}

/**
 * The folders that may hold a build, such as `debug` and `release`. Builds for this machine lie directly in the target
 * folder, builds for another platform one level deeper.
 */
async function profileFolders(target: string): Promise<string[]> {
  const entries = await readdir(target, { withFileTypes: true }).catch(() => []);
  const first = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(target, name));
  const second = await Promise.all(
    first.map(async (folder) =>
      (await readdir(folder, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name)),
    ),
  );
  return [
    ...new Set(
      [...first, ...second.flat()].filter((folder) => !/\/(?:deps|build|incremental)$/.test(folder)),
    ),
  ];
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
