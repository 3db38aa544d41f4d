// Prints what `cargo metadata --no-deps` would print for the sample checkout, on machines without cargo. It reads
// manifests line by line: the sample's manifests are simple enough for that.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const workspace = findWorkspace(process.cwd());
const manifest = readFileSync(join(workspace, 'Cargo.toml'), 'utf8');
const members = [...manifest.matchAll(/^\s*"([^"]+)",?$/gm)].map(([, member]) => join(workspace, member));

/** A member's path dependencies are members as well, as in cargo. */
const packages = new Map();
for (let folder = members.shift(); folder !== undefined; folder = members.shift()) {
  if (packages.has(folder)) continue;
  const found = readPackage(folder);
  packages.set(folder, found);
  members.push(...found.dependencies.flatMap(({ path }) => path ?? []));
}
console.log(
  JSON.stringify({
    packages: [...packages.values()],
    workspace_root: workspace,
    target_directory: join(workspace, 'target'),
  }),
);

function readPackage(folder) {
  const manifestPath = join(folder, 'Cargo.toml');
  const found = { name: '', manifest_path: manifestPath, dependencies: [] };
  let section = '';
  for (const line of readFileSync(manifestPath, 'utf8').split('\n')) {
    section = /^\[(.+)\]$/.exec(line)?.[1] ?? section;
    const [, key, value] = /^([\w-]+) = (.+)$/.exec(line) ?? [];
    if (section === 'package' && key === 'name') found.name = JSON.parse(value);
    if (!section.endsWith('dependencies') || key === undefined) continue;
    const path = /path = "([^"]+)"/.exec(value)?.[1];
    const kind = { 'dev-dependencies': 'dev', 'build-dependencies': 'build' }[section] ?? null;
    found.dependencies.push({ name: key, kind, ...(path ? { path: resolve(folder, path) } : {}) });
  }
  if (found.name === '') throw new Error(`${manifestPath} names no package`);
  return found;
}

function findWorkspace(folder) {
  const path = join(folder, 'Cargo.toml');
  if (existsSync(path) && readFileSync(path, 'utf8').includes('[workspace]')) return folder;
  if (folder === dirname(folder)) throw new Error('there is no workspace');
  return findWorkspace(dirname(folder));
}
