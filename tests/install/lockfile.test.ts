import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { parse } from 'yaml';
import { type Machine, machines, nameOf } from './machines.ts';

type LockedPackage = {
  resolution: { integrity?: string };
  os?: string[];
  cpu?: string[];
  libc?: string[];
};
type Manifest = { name: string; version: string; optionalDependencies?: Record<string, string> };

const lockfile = parse(readFileSync(join(projectRoot, 'pnpm-lock.yaml'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const locked = lockfile.packages;

/** What a package has for only some machines, and why. */
const lacking: Readonly<Record<string, { on: (machine: Machine) => boolean; why: string }>> = {
  'openagents-cloud-run': {
    on: (machine) => 'libc' in machine && machine.libc === 'musl',
    why: 'no registry package has a Node for musl; scripts/install/machine.mjs says so before an install',
  },
  tsx: { on: (machine) => machine.os !== 'darwin', why: 'fsevents watches files, and exists on macOS only' },
};

/** The manifests of all packages that are installed here, and the root's. */
function manifests(): Manifest[] {
  const store = join(projectRoot, 'node_modules/.pnpm');
  const files = readdirSync(store).flatMap((entry) => {
    const folder = join(store, entry, 'node_modules');
    const [, id, version] = /^(.+?)@(\d[^_(]*)/.exec(entry) ?? [];
    const name = id?.replace('+', '/');
    // Packages of an earlier install stay in the store; only those that the lockfile names count.
    if (name === undefined || locked[`${name}@${version}`] === undefined) return [];
    const file = join(folder, name, 'package.json');
    return existsSync(file) ? [file] : [];
  });
  return [join(projectRoot, 'package.json'), ...files].map(
    (file) => JSON.parse(readFileSync(file, 'utf8')) as Manifest,
  );
}

/** The lockfile's entry for a dependency: in the version that is asked for, or in any where a range is. */
function entryOf([name, range]: [name: string, range: string]): LockedPackage | undefined {
  if (/^\d/.test(range)) return locked[`${name}@${range}`];
  return Object.entries(locked).find(([key]) => key.startsWith(`${name}@`))?.[1];
}

function suits({ os, cpu, libc }: LockedPackage, machine: Machine): boolean {
  return (
    (!os || os.includes(machine.os)) &&
    (!cpu || cpu.includes(machine.cpu)) &&
    (!libc || !('libc' in machine) || libc.includes(machine.libc))
  );
}

const withOptional = manifests().filter((each) => Object.keys(each.optionalDependencies ?? {}).length > 0);

describe('the lockfile serves every kind of machine', () => {
  test('packages with natives were found at all', () => {
    const names = new Set(withOptional.map((each) => each.name));
    for (const name of ['openagents-cloud-run', 'pnpm', 'turbo', '@biomejs/biome', 'esbuild', 'typescript']) {
      assert.ok(names.has(name), name);
    }
  });

  for (const { name, optionalDependencies = {} } of withOptional) {
    const optional = Object.entries(optionalDependencies);

    // pnpm leaves an optional dependency that its registry lacks out of the lockfile, and says nothing.
    test(`all optional dependencies of ${name} are in it`, () => {
      const missing = optional.filter((each) => !entryOf(each)).map(([each]) => each);
      assert.deepEqual(missing, [], `not in pnpm-lock.yaml: resolve it anew with a registry that has them`);
    });

    const entries = optional.map(entryOf).filter((each) => each !== undefined);
    if (!entries.some((each) => each.os ?? each.cpu)) continue;
    for (const machine of machines) {
      const known = lacking[name]?.on(machine) ? lacking[name] : undefined;
      test(`${name} ${known ? 'has nothing' : 'has a native'} for ${nameOf(machine)}`, () => {
        assert.equal(
          entries.some((each) => suits(each, machine)),
          !known,
          known?.why ?? '',
        );
      });
    }
  }

  test('a package that brings all its natives has them for every machine but those with musl', () => {
    const prebuilt = join(projectRoot, 'packages/cli/node_modules/fs-native-extensions/prebuilds');
    const folders = readdirSync(prebuilt);
    for (const { os, cpu } of machines) assert.ok(folders.includes(`${os}-${cpu}`), `${os}-${cpu}`);
  });

  test('every package has the hash of what is fetched', () => {
    for (const [name, { resolution }] of Object.entries(locked)) {
      assert.match(resolution.integrity ?? '', /^sha512-/, name);
    }
  });
});

test('the lockfile says for which machines each Node is, which the packages themselves do not', async () => {
  const { nodePackages } = (await import(join(projectRoot, '.pnpmfile.mjs'))) as {
    nodePackages: Record<string, Pick<LockedPackage, 'os' | 'cpu' | 'libc'>>;
  };
  for (const [name, machines] of Object.entries(nodePackages)) {
    const { os, cpu, libc } = entryOf([name, '*']) ?? {};
    const found = { os, cpu, ...(libc && { libc }) };
    assert.deepEqual(found, machines, `${name}: docs/dependencies.md says how to change Node's version`);
  }
});

test('packages are checked against the Node that runs them, whichever one the machine has', () => {
  const workspace = parse(readFileSync(join(projectRoot, 'pnpm-workspace.yaml'), 'utf8')) as {
    nodeVersion: string;
    catalog: Record<string, string>;
  };
  const ours = Object.entries(workspace.catalog).filter(([name]) =>
    /^node-(?:bin-)?(?:darwin|linux|win)/.test(name),
  );
  assert.ok(ours.length > 0);
  for (const [name, version] of ours) assert.equal(workspace.nodeVersion, version, name);
});
