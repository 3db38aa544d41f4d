import { hash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import { steeringVariables } from './environment.ts';
import { type ExtraInput, readExtraInputs } from './extra-inputs.ts';
import { type FingerprintInputs, InputsUnknown, inputNames } from './fingerprint-inputs.ts';
import type { Gate, GateId } from './gates.ts';
import { type Crates, Workspaces } from './inputs/cargo.ts';
import { cargoConfiguration } from './inputs/cargo-configuration.ts';
import { groupByPath } from './inputs/files-under.ts';
import { gitIn } from './inputs/git.ts';
import { isOutputOf } from './inputs/outputs.ts';
import { toolVersions } from './inputs/tool-versions.ts';
import { contentAt, type Entries, type Entry, installedAt } from './inputs/tree.ts';
import { readWorktree } from './inputs/worktree.ts';
import { type Needs, needsOf, type Tool } from './tools/needs.ts';

export type Fingerprint = {
  /** Equal for equal inputs, in any checkout on any machine. */
  id: string;
  inputs: FingerprintInputs;
  /** The time of each file's last change (ctime), in milliseconds. It reveals even an edit that was undone. */
  changedAt: ReadonlyMap<string, number>;
  crates: readonly Crates[];
};

/** A fingerprint, or the reason why there is none; without one, no verdict may come from a cache. */
export type FingerprintOrWhyNot = Fingerprint | { unknown: string };

export type FingerprintRequest = {
  checkout: TargetCheckout;
  /** The gate's environment, as `gateEnvironment` makes it. */
  gateEnvOf(gate: Gate): Record<string, string>;
  /** Inputs in addition to those that the checkout lists in `.gates-inputs`. */
  extraInputs?: readonly ExtraInput[];
};

/** Raise this whenever fingerprints are taken in another way, so that they never match verdicts of the old scheme. */
const SCHEME = 2;
const WASM_TARGET = 'wasm32-unknown-unknown';
// Files that tell pyenv, asdf, mise, nvm and others which version to use in their folder and all folders below it.
const VERSION_FILES = [
  '.python-version',
  '.node-version',
  '.nvmrc',
  '.tool-versions',
  'mise.toml',
  '.mise.toml',
];

/** Takes the fingerprints of several gates together, because they share most of their inputs. */
export async function fingerprintGates(
  gates: readonly Gate[],
  { checkout, gateEnvOf, extraInputs = [] }: FingerprintRequest,
): Promise<ReadonlyMap<GateId, FingerprintOrWhyNot>> {
  const [first] = gates;
  if (first === undefined) return new Map();
  // The gates' environments differ only in variables that git, cargo and the other tools asked here ignore, so the
  // first gate's environment will do.
  const gateEnv = gateEnvOf(first);
  const root = await realpath(checkout.root);
  const wanted = await Promise.all(
    gates.map(async (gate) => ({ gate, needs: await needsOf(gate, checkout) })),
  );
  // The wasm target is left out: whether it is installed changes no verdict, and cargo's entry covers the compiler.
  const toolsOf = (each: Needs): Tool[] => [
    ...new Set<Tool>(['cargo', ...each.tools].filter((tool): tool is Tool => tool !== WASM_TARGET)),
  ];
  const asked = settled(() =>
    toolVersions([...new Set(wanted.flatMap(({ needs }) => toolsOf(needs)))], checkout, gateEnv),
  );
  const [read, extra] = await Promise.all([
    withPaths(),
    settled(async () => [...extraInputs, ...(await readExtraInputs(root))]),
  ]);
  const known = read.flatMap(({ paths }) => ('value' in paths ? [paths.value] : []));
  const isOutput = isOutputOf(
    checkout,
    known.flatMap(({ crates }) => crates),
    root,
  );
  const union = [...new Set(known.flatMap(({ inside }) => inside))];
  const [versions, files] = await Promise.all([
    asked,
    settled(() => readWorktree({ root, paths: union, isOutput }, gitIn(root, gateEnv))),
  ]);
  const filesUnder = groupByPath('value' in files ? files.value : new Map(), union);
  return new Map(
    await Promise.all(
      read.map(async (each) => {
        const made = await settled(() => fingerprint(each));
        return [each.gate.id, 'value' in made ? made.value : made] as const;
      }),
    ),
  );

  // One gate after another: most packages are in the same workspace, so what cargo tells about it for one gate can be
  // used for the next.
  async function withPaths(): Promise<Wanted[]> {
    const workspaces = new Workspaces(gateEnv);
    const all: Wanted[] = [];
    for (const { gate, needs } of wanted) {
      const paths = await settled(() => pathsOf(gate, needs, workspaces, checkout, root));
      all.push({ gate, tools: toolsOf(needs), paths });
    }
    return all;
  }

  async function fingerprint({ gate, tools, paths }: Wanted): Promise<Fingerprint> {
    const own = established(paths);
    const inWorktree = established(files);
    const versionOf = established(versions);
    const further = established(extra).filter((each) => each.gate === undefined || each.gate === gate.id);
    if (!inWorktree.has('Cargo.lock')) throw new InputsUnknown('there is no Cargo.lock in the root');
    const entries = filesUnder(own.inside, own.packages);
    for (const path of own.outside) entries.set(relative(root, path), contentAt(path));
    for (const { path } of further) entries.set(path, contentAt(join(root, path)));
    if (gate.isScript)
      for (const [path, entry] of aboveWebShell(root, checkout.webShellDir)) entries.set(path, entry);
    const configuration = await cargoConfiguration(own.configured, root, gateEnvOf(gate));
    const inputs: FingerprintInputs = {
      command: gate.command({ ...checkout, root: '' }).join(' '),
      variables: inOrder(steeringVariables(gateEnvOf(gate))),
      tools: inOrder(new Map([...versionOf].filter(([tool]) => tools.includes(tool)))),
      files: inOrder(statesOf(entries)),
      configuration: inOrder(statesOf(configuration)),
    };
    return {
      id: idOf(inputs),
      inputs,
      changedAt: new Map([...entries, ...configuration].map(([name, entry]) => [name, entry.changedAt])),
      crates: own.crates,
    };
  }
}

/** The ids of the fingerprints that could be taken. */
export function idsOf(
  fingerprints: Iterable<readonly [GateId, FingerprintOrWhyNot]>,
): ReadonlyMap<GateId, string> {
  return new Map(
    [...fingerprints].flatMap(([gate, found]) => ('id' in found ? [[gate, found.id] as const] : [])),
  );
}

/** The names of a gate's inputs that changed or were touched between two fingerprints. */
export function touchedBetween(before: Fingerprint, after: Fingerprint): string[] {
  const names = new Set([...before.changedAt.keys(), ...after.changedAt.keys()]);
  const touched = [...names].filter((name) => before.changedAt.get(name) !== after.changedAt.get(name));
  return [...new Set([...inputNames.changed(before.inputs, after.inputs), ...touched])].sort();
}

/**
 * What the folders above the web shell add to a fingerprint: the packages installed there, which scripts can load, and
 * the files that choose a tool's version.
 */
function aboveWebShell(root: string, webShellDir: string): [path: string, Entry][] {
  const found: [path: string, Entry][] = [];
  for (let folder = dirname(join(root, webShellDir)); ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    found.push([`${relative(root, packages)}/`, installedAt(packages)]);
    for (const name of VERSION_FILES)
      found.push([relative(root, join(folder, name)), contentAt(join(folder, name))]);
    if (folder === dirname(folder)) break;
  }
  return found.filter(([, { state }]) => state !== 'missing');
}

function idOf(inputs: FingerprintInputs): string {
  const { command, variables, tools, files, configuration } = inputs;
  const all = [SCHEME, command, ...[variables, tools, files, configuration].map((each) => [...each])];
  return hash('sha256', JSON.stringify(all));
}

function statesOf(entries: Entries): Map<string, string> {
  return new Map([...entries].map(([name, { state }]) => [name, state]));
}

function inOrder(values: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Wanted = { gate: Gate; tools: readonly Tool[]; paths: Settled<GatePaths> };

type GatePaths = {
  /** Folders and files of the checkout, relative to its root. */
  inside: string[];
  /** Folders of packages. If one has no files at all, it must be the wrong folder. */
  packages: string[];
  /** Absolute paths outside the checkout: of crates, of manifests, and of files that scripts name. */
  outside: string[];
  /** The folders whose cargo configuration can influence the build. */
  configured: string[];
  crates: Crates[];
};

async function pathsOf(
  gate: Gate,
  { files }: Needs,
  workspaces: Workspaces,
  checkout: TargetCheckout,
  root: string,
): Promise<GatePaths> {
  const crates: Crates[] = [];
  for (const folder of gate.packages) crates.push(await workspaces.cratesOf(join(root, checkout[folder])));
  const folders = [...new Set(crates.flatMap((each) => each.folders))];
  const isInside = (path: string): boolean => path === root || path.startsWith(`${root}/`);
  const insideOf = (paths: readonly string[]): string[] =>
    paths.filter(isInside).map((path) => relative(root, path) || '.');
  const packages = [...insideOf(folders), ...gate.packages.map((folder) => checkout[folder])];
  const roots = [root, ...crates.map(({ workspaceRoot }) => workspaceRoot)];
  const single = [
    ...roots.flatMap((folder) => ['Cargo.toml', 'Cargo.lock'].map((name) => join(folder, name))),
    ...crates.flatMap((each) => each.manifests),
    ...files.map((path) => join(root, path)),
  ];
  return {
    packages,
    inside: [...new Set([...packages, ...insideOf(single)])],
    outside: [...folders, ...single].filter((path) => !isInside(path)),
    configured: [root, ...folders],
    crates,
  };
}

type Settled<T> = { value: T } | { unknown: string };

function established<T>(found: Settled<T>): T {
  if ('unknown' in found) throw new InputsUnknown(found.unknown);
  return found.value;
}

async function settled<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof InputsUnknown) return { unknown: error.message };
    throw error;
  }
}
