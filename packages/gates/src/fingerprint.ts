import { hash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import { steeringVariables } from './environment.ts';
import { type ExtraInput, readExtraInputs } from './extra-inputs.ts';
import { type FingerprintInputs, InputsUnknown, inputNames } from './fingerprint-inputs.ts';
import type { Gate, GateId, PackageFolder } from './gates.ts';
import { type Crates, Workspaces } from './inputs/cargo.ts';
import { cargoConfiguration } from './inputs/cargo-configuration.ts';
import { groupByPath } from './inputs/files-under.ts';
import { gitIn } from './inputs/git.ts';
import { isOutputOf } from './inputs/outputs.ts';
import { toolVersions } from './inputs/tool-versions.ts';
import { contentAt, type Entries, installedAt } from './inputs/tree.ts';
import { readWorktree } from './inputs/worktree.ts';
import { type Needs, needsOf, type Tool } from './tools/needs.ts';

export type Fingerprint = {
  /** Equal for equal inputs, in any checkout on any machine. */
  id: string;
  inputs: FingerprintInputs;
  /** When the file system last saw each file change: this reveals an edit that was undone. */
  changedAt: ReadonlyMap<string, number>;
  /** The crates that the gate builds. */
  crates: readonly Crates[];
};

/** A fingerprint, or the reason why there is none. In that case no verdict may come from a cache. */
export type FingerprintOrWhyNot = Fingerprint | { unknown: string };

export type FingerprintRequest = {
  checkout: TargetCheckout;
  /** Returns what `gateEnvironment` returns for the gate. */
  gateEnvOf(gate: Gate): Record<string, string>;
  /** In addition to those that the checkout lists in `.gates-inputs`. */
  extraInputs?: readonly ExtraInput[];
};

/** Raise this when the fingerprint of an unchanged checkout changes, so that verdicts under the old scheme never match. */
const SCHEME = 2;
const WASM_TARGET = 'wasm32-unknown-unknown';
// Files by which pyenv, asdf, mise, nvm and others choose a version for the folders below.
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
  // Every gate passes these tools the same variables, so the first gate's environment will do.
  const gateEnv = gateEnvOf(first);
  const root = await realpath(checkout.root);
  const needs = await Promise.all(gates.map((gate) => needsOf(gate, checkout)));
  // Whether the target is installed does not change a verdict; the compiler's version does.
  const toolsOf = (each: Needs): Tool[] => [
    ...new Set<Tool>(['cargo', ...each.tools].filter((tool): tool is Tool => tool !== WASM_TARGET)),
  ];
  const asked = settled(() => toolVersions([...new Set(needs.flatMap(toolsOf))], checkout, gateEnv));
  const [crates, extra] = await Promise.all([
    cratesOf([...new Set(gates.flatMap(({ packages }) => packages))]),
    settled(async () => [...extraInputs, ...(await readExtraInputs(root))]),
  ]);
  const isOutput = isOutputOf(
    checkout,
    [...crates.values()].flatMap((each) => ('value' in each ? [each.value] : [])),
    root,
  );
  const paths = gates.map((gate, i) => pathsOf(gate, needs[i] as Needs, crates, checkout, root));
  const union = [...new Set(paths.flatMap((each) => ('inside' in each ? each.inside : [])))];
  const [versions, files] = await Promise.all([
    asked,
    settled(() => readWorktree({ root, paths: union, isOutput }, gitIn(root, gateEnv))),
  ]);
  const filesUnder = groupByPath('value' in files ? files.value : new Map(), union);
  return new Map(
    await Promise.all(
      gates.map(async (gate, i) => {
        const made = await settled(() => fingerprint(gate, i));
        return [gate.id, 'value' in made ? made.value : made] as const;
      }),
    ),
  );

  // One after another: most packages share a workspace, and then cargo runs only once.
  async function cratesOf(folders: readonly PackageFolder[]): Promise<Map<PackageFolder, Settled<Crates>>> {
    const workspaces = new Workspaces(gateEnv);
    const found = new Map<PackageFolder, Settled<Crates>>();
    for (const folder of folders) {
      found.set(folder, await settled(() => workspaces.cratesOf(join(root, checkout[folder]))));
    }
    return found;
  }

  async function fingerprint(gate: Gate, i: number): Promise<Fingerprint> {
    const own = paths[i];
    if (own === undefined || 'unknown' in own) throw new InputsUnknown(own?.unknown);
    const inWorktree = established(files);
    const versionOf = established(versions);
    const further = established(extra).filter((each) => each.gate === undefined || each.gate === gate.id);
    if (!inWorktree.has('Cargo.lock')) throw new InputsUnknown('there is no Cargo.lock in the root');
    const entries: Entries = new Map([
      ...filesUnder(own.inside, own.packages),
      ...own.outside.map((path) => [relative(root, path), contentAt(path)] as const),
      ...further.map(({ path }) => [path, contentAt(join(root, path))] as const),
      ...(gate.isScript ? aboveWebShell(root, checkout.webShellDir) : []),
    ]);
    const configuration = await cargoConfiguration(own.configured, root, gateEnvOf(gate));
    const inputs: FingerprintInputs = {
      command: gate.command({ ...checkout, root: '.' }).join(' '),
      variables: inOrder(steeringVariables(gateEnvOf(gate))),
      tools: inOrder(
        new Map(toolsOf(needs[i] as Needs).map((tool) => [tool, versionOf.get(tool) ?? 'missing'])),
      ),
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

/** The names of a gate's inputs that changed or were touched between two fingerprints. */
export function touchedBetween(before: Fingerprint, after: Fingerprint): string[] {
  const names = new Set([...before.changedAt.keys(), ...after.changedAt.keys()]);
  const touched = [...names].filter((name) => before.changedAt.get(name) !== after.changedAt.get(name));
  return [...new Set([...inputNames.changed(before.inputs, after.inputs), ...touched])].sort();
}

/** Installed packages above the web shell, which scripts find, and files there that choose a tool's version. */
function aboveWebShell(
  root: string,
  webShellDir: string,
): [string, Entries extends Map<string, infer E> ? E : never][] {
  const found: [string, ReturnType<typeof contentAt>][] = [];
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
  return new Map([...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

type GatePaths = {
  /** Folders and files of the checkout, relative to its root. */
  inside: string[];
  /** Folders of packages. If one has no files at all, it must be the wrong folder. */
  packages: string[];
  /** Crates and manifests that lie elsewhere, absolute. */
  outside: string[];
  /** Folders whose cargo configuration applies. */
  configured: string[];
  crates: Crates[];
};

function pathsOf(
  gate: Gate,
  { files }: Needs,
  known: ReadonlyMap<PackageFolder, Settled<Crates>>,
  checkout: TargetCheckout,
  root: string,
): GatePaths | { unknown: string } {
  const crates: Crates[] = [];
  for (const folder of gate.packages) {
    const found = known.get(folder);
    if (found === undefined || 'unknown' in found) return { unknown: found?.unknown ?? 'no such package' };
    crates.push(found.value);
  }
  const folders = [...new Set(crates.flatMap((each) => each.folders))];
  const isInside = (path: string): boolean => path === root || path.startsWith(`${root}/`);
  const inside = folders.filter(isInside).map((folder) => relative(root, folder) || '.');
  const packages = [...inside, ...gate.packages.map((folder) => checkout[folder])];
  const workspaces = [root, ...crates.map(({ workspaceRoot }) => workspaceRoot)];
  const manifests = [
    ...workspaces.flatMap((folder) => ['Cargo.toml', 'Cargo.lock'].map((name) => join(folder, name))),
    ...crates.flatMap((each) => each.manifests),
  ];
  return {
    packages,
    inside: [
      ...new Set([
        ...packages,
        ...files.filter((path) => !path.startsWith('..')),
        ...manifests.filter(isInside).map((path) => relative(root, path)),
      ]),
    ],
    outside: [
      ...[...folders, ...manifests].filter((path) => !isInside(path)),
      ...files.filter((path) => path.startsWith('..')).map((path) => join(root, path)),
    ],
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
