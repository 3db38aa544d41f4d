import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { parse } from 'yaml';
import { packageNames } from '../support/package-names.ts';

type Kind = 'dependencies' | 'devDependencies' | 'optionalDependencies';
type Manifest = Partial<Record<Kind, Record<string, string>>>;

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');
const workspace = parse(read('pnpm-workspace.yaml')) as {
  catalog: Record<string, string>;
  allowBuilds: Record<string, boolean>;
};
const places = ['root', ...packageNames, 'scripts', 'tests'];

function manifest(place: string): Manifest {
  const folder = place === 'root' ? '.' : ['scripts', 'tests'].includes(place) ? place : `packages/${place}`;
  return JSON.parse(read(join(folder, 'package.json'))) as Manifest;
}

/** Who uses which package, by the manifests. */
const users = new Map<string, string[]>();
for (const place of places) {
  const { dependencies, devDependencies, optionalDependencies } = manifest(place);
  for (const [name, version] of Object.entries({
    ...dependencies,
    ...devDependencies,
    ...optionalDependencies,
  })) {
    if (version === 'workspace:*') continue;
    assert.equal(version, 'catalog:', `${place} has a version of its own for ${name}`);
    users.set(name, [...(users.get(name) ?? []), place]);
  }
}

describe('dependencies', () => {
  test('every one has its reason in docs/dependencies.md, with who uses it', () => {
    const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\| (.+?) +\|$/gm)];
    const told = new Map(
      rows.map(([, name = '', by = '', why = '']) => [name, { by: by.split(', ').sort(), why }]),
    );
    assert.deepEqual([...told.keys()].sort(), Object.keys(workspace.catalog).sort());
    for (const [name, { by, why }] of told) {
      assert.deepEqual(by, [...(users.get(name) ?? [])].sort(), name);
      assert.ok(why.length > 10 && why.endsWith('.'), name);
    }
  });

  test('those that the project was asked to build on are used', () => {
    const unused = ['zx', '@google-cloud/run', 'yaml', 'undici', 'tsx', 'turbo'].filter(
      (name) => !users.has(name),
    );
    assert.deepEqual(unused, []);
  });

  test('every one has one exact version', () => {
    for (const [name, version] of Object.entries(workspace.catalog)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
    }
  });

  test('only pnpm runs a script when it is installed', () => {
    const allowed = Object.entries(workspace.allowBuilds).flatMap(([name, is]) => (is ? [name] : []));
    assert.deepEqual(allowed.sort(), ['pnpm']);
  });
});
