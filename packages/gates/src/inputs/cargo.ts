import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cleanLine, runCommand } from '@deploy/cli';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import { parseToml } from './cargo-configuration.ts';

/** The local crates that cargo builds for a package. Paths are absolute and free of symbolic links. */
export type Crates = {
  /** The folders of the package and of its direct and indirect path dependencies. */
  folders: readonly string[];
  names: readonly string[];
  /**
   * The manifests of all workspace members and of their path dependencies: cargo reads them all before it builds
   * anything, and fails when one is inconsistent.
   */
  manifests: readonly string[];
  workspaceRoot: string;
  buildFolders: readonly string[];
};

// A part of the output of `cargo metadata`: https://doc.rust-lang.org/cargo/commands/cargo-metadata.html
type Metadata = {
  workspace_root: string;
  target_directory: string;
  /** Present since Rust 1.91; https://doc.rust-lang.org/cargo/reference/config.html#buildbuild-dir */
  build_directory?: string;
  packages: {
    name: string;
    manifest_path: string;
    dependencies: { path?: string; kind: 'dev' | 'build' | null }[];
  }[];
};

/** What `cargo metadata` says about packages. Cargo runs only once for each workspace. */
export class Workspaces {
  readonly #packages = new Map<string, Metadata['packages'][number] & { workspace: Metadata }>();
  readonly #crates = new Map<string, Promise<Crates>>();
  readonly #env: Record<string, string>;

  constructor(env: Record<string, string>) {
    this.#env = env;
  }

  /**
   * The crates that a package and its tests are built from. The package's own dev-dependencies count; those of its
   * dependencies do not. Throws InputsUnknown when cargo fails, or when a path dependency is missing.
   */
  cratesOf(packageFolder: string): Promise<Crates> {
    const found = this.#crates.get(packageFolder) ?? this.#findCrates(packageFolder);
    this.#crates.set(packageFolder, found);
    return found;
  }

  async #findCrates(packageFolder: string): Promise<Crates> {
    const start = await realpath(packageFolder).catch(() => missing(packageFolder));
    const { workspace } = await this.#find(start);
    const root = await realpath(workspace.workspace_root);
    const seen = new Map<string, string>();
    const pending = [start, ...(await patchedPaths(join(root, 'Cargo.toml')))];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      if (seen.has(folder)) continue;
      const { name, dependencies } = await this.#find(folder);
      seen.set(folder, name);
      for (const { path, kind } of dependencies) {
        if (path === undefined || (kind === 'dev' && folder !== start)) continue;
        pending.push(await realpath(path).catch(() => missing(path)));
      }
    }
    const { target_directory: target, build_directory: build = target } = workspace;
    const buildFolders = [...new Set([target, build])].map((each) => realpath(each).catch(() => each));
    return {
      folders: [...seen.keys()],
      names: [...seen.values()],
      manifests: await this.#manifestsOf(workspace),
      workspaceRoot: root,
      buildFolders: await Promise.all(buildFolders),
    };
  }

  async #manifestsOf(workspace: Metadata): Promise<string[]> {
    const seen = new Set<string>();
    const pending = workspace.packages.map(({ manifest_path }) => dirname(manifest_path));
    for (let named = pending.pop(); named !== undefined; named = pending.pop()) {
      const path = named;
      const folder = await realpath(path).catch(() => missing(path));
      if (seen.has(folder)) continue;
      seen.add(folder);
      const { dependencies } = await this.#find(folder);
      pending.push(...dependencies.flatMap((dependency) => dependency.path ?? []));
    }
    return [...seen].map((folder) => join(folder, 'Cargo.toml'));
  }

  async #find(folder: string) {
    if (!this.#packages.has(folder)) await this.#ask(folder);
    const found = this.#packages.get(folder);
    if (found === undefined) throw new InputsUnknown(`cargo metadata knows no package in ${folder}`);
    return found;
  }

  async #ask(folder: string): Promise<void> {
    const manifest = join(folder, 'Cargo.toml');
    const { exitCode, stdout, stderr } = await runCommand(
      ['cargo', 'metadata', '--no-deps', '--format-version', '1', '--manifest-path', manifest],
      { cwd: folder, env: this.#env },
    );
    if (exitCode !== 0) throw new InputsUnknown(`cargo metadata: ${cleanLine(stderr, 200)}`);
    const workspace = parsed(stdout);
    for (const each of workspace.packages) {
      this.#packages.set(await realpath(dirname(each.manifest_path)), { ...each, workspace });
    }
  }
}

/** The folders of the packages that a workspace's manifest names under `[patch]` and `[replace]`. */
async function patchedPaths(manifest: string): Promise<string[]> {
  const text = await readFile(manifest, 'utf8').catch(() => missing(manifest));
  const { patch = {}, replace = {} } = parseToml(text, manifest);
  const entries = [...Object.values(patch as object), replace].flatMap((each) =>
    Object.values(each as object),
  );
  const paths = entries.flatMap((entry: { path?: unknown }) =>
    typeof entry.path === 'string' ? [resolve(dirname(manifest), entry.path)] : [],
  );
  return Promise.all(paths.map((path) => realpath(path).catch(() => missing(path))));
}

function parsed(stdout: string): Metadata {
  try {
    const found = JSON.parse(stdout) as Metadata;
    if (Array.isArray(found.packages) && typeof found.workspace_root === 'string') return found;
  } catch {
    // Text that is not JSON ends in the error below as well: it may come from another program that is called `cargo`.
  }
  throw new InputsUnknown('cargo metadata printed something that is not metadata');
}

function missing(path: string): never {
  throw new InputsUnknown(`${path} is missing`);
}
