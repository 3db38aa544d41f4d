import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Environment, TargetCheckout } from '@deploy/cli';
import { steeringVariables } from './environment.ts';
import type { Gate, GateId, PackageFolder } from './gates.ts';
import { type Crates, cargoConfiguration, Workspaces } from './inputs/cargo.ts';
import { contentAt } from './inputs/content.ts';
import { groupByPath } from './inputs/files-under.ts';
import { gitIn } from './inputs/git.ts';
import { isOutputOf } from './inputs/outputs.ts';
import { toolVersions } from './inputs/tool-versions.ts';
import { InputsUnknown } from './inputs/unknown.ts';
import { readWorktree } from './inputs/worktree.ts';
import { type Needs, needsOf, type Tool } from './tools/needs.ts';

/** Everything that a gate's verdict rests on, by name; the values say when it has changed, not what it is. */
export type Inputs = ReadonlyMap<string, string>;

export type Fingerprint = {
  /** The same for the same inputs, in whatever checkout on whatever machine. */
  id: string;
  inputs: Inputs;
  /** The crates that the gate builds. */
  crates: readonly Crates[];
};

/** A fingerprint, or why there is none: then no verdict may come from a cache. */
export type FingerprintOrWhyNot = Fingerprint | { unknown: string };

export type FingerprintRequest = {
  checkout: TargetCheckout;
  /** What `gateEnvironment` gives for a gate. */
  gateEnvOf(gate: Gate): Record<string, string>;
};

/** Raised whenever fingerprints of unchanged checkouts change: verdicts under the old ones are then never met again. */
const SCHEME = 1;
const WASM_TARGET = 'wasm32-unknown-unknown';

/** Fingerprints of gates, read from the checkout together, since they share most of it. */
export async function fingerprintGates(
  gates: readonly Gate[],
  { checkout, gateEnvOf }: FingerprintRequest,
): Promise<ReadonlyMap<GateId, FingerprintOrWhyNot>> {
  const [first] = gates;
  if (first === undefined) return new Map();
  // In what the tools asked here go by, gates do not differ.
  const gateEnv = gateEnvOf(first);
  const root = await realpath(checkout.root);
  const needs = await Promise.all(gates.map((gate) => needsOf(gate, checkout)));
  // Whether the target is installed here is no matter of the verdict; which compiler it belongs to is.
  const toolsOf = (each: Needs): Tool[] => [
    ...new Set<Tool>(['cargo', ...each.tools].filter((tool): tool is Tool => tool !== WASM_TARGET)),
  ];
  const asked = settled(() => toolVersions([...new Set(needs.flatMap(toolsOf))], checkout, gateEnv));
  const crates = await cratesOf([...new Set(gates.flatMap(({ packages }) => packages))]);
  const isOutput = isOutputOf(
    checkout,
    [...crates.values()].flatMap((each) => ('value' in each ? [each.value] : [])),
    root,
  );
  const paths = gates.map((gate, i) => pathsOf(gate, needs[i] as Needs, crates, checkout, root));
  const union = [...new Set(paths.flatMap((each) => ('inside' in each ? each.inside : [])))];
  const [versions, files] = await Promise.all([
    asked,
    settled(() => readWorktree({ root, paths: union, env: gateEnv, isOutput }, gitIn(root, gateEnv))),
  ]);
  const filesUnder = groupByPath('value' in files ? files.value : new Map<string, string>(), union);
  return new Map(
    await Promise.all(
      gates.map(async (gate, i) => {
        const made = await settled(() => fingerprint(gate, i));
        return [gate.id, 'value' in made ? made.value : made] as const;
      }),
    ),
  );

  // One after another: they are of the same workspace, as a rule, and then cargo is asked only once.
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
    if ('unknown' in files) throw new InputsUnknown(files.unknown);
    if ('unknown' in versions) throw new InputsUnknown(versions.unknown);
    const command = gate.command({ ...checkout, root: '.' }).join(' ');
    const entries: [string, string][] = [
      ['scheme', String(SCHEME)],
      ['command', command],
      ...steeringVariables(gateEnvOf(gate)).map(([name, value]): [string, string] => [
        `variable ${name}`,
        value,
      ]),
      ...toolsOf(needs[i] as Needs).map((tool): [string, string] => [
        tool,
        versions.value.get(tool) ?? 'missing',
      ]),
      ...filesUnder(own.inside, own.packages),
    ];
    for (const folder of own.outside) entries.push([relative(root, folder), await contentAt(folder)]);
    for (const { path, isCargoHome } of await cargoConfiguration(own.configured, gateEnv as Environment)) {
      const name = isCargoHome ? `CARGO_HOME/${relative(dirname(path), path)}` : relative(root, path);
      entries.push([name, await contentAt(path)]);
    }
    const inputs = new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    if (!inputs.has('Cargo.lock')) throw new InputsUnknown('there is no Cargo.lock in the root');
    return { id: idOf(inputs), inputs, crates: own.crates };
  }
}

function idOf(inputs: Inputs): string {
  return createHash('sha256')
    .update(JSON.stringify([...inputs]))
    .digest('hex');
}

type GatePaths = {
  /** Folders and files of the checkout, relative to its root. */
  inside: string[];
  /** Those that hold packages: one without a file is not what was meant. */
  packages: string[];
  /** Crates that lie elsewhere, absolute. */
  outside: string[];
  /** Folders for which cargo's configuration counts. */
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
  const manifests = [root, ...crates.map(({ workspaceRoot }) => workspaceRoot)].filter(isInside);
  return {
    packages,
    inside: [
      ...new Set([
        ...packages,
        ...files,
        ...manifests.flatMap((folder) =>
          ['Cargo.toml', 'Cargo.lock'].map((name) => relative(root, join(folder, name))),
        ),
      ]),
    ],
    outside: folders.filter((folder) => !isInside(folder)),
    configured: [root, ...folders],
    crates,
  };
}

type Settled<T> = { value: T } | { unknown: string };

async function settled<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof InputsUnknown) return { unknown: error.message };
    throw error;
  }
}
