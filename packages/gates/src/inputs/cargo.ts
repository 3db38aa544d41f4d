import { existsSync } from 'node:fs';
import { open, readFile, realpath } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { cleanLine, type Environment, runCommand } from '@deploy/cli';
import { parse } from 'smol-toml';
import { InputsUnknown } from './unknown.ts';

/** What cargo builds for a package out of sources that lie here, absolute and free of symbolic links. */
export type Crates = {
  /** The folders of the package and of all packages that it depends on by path, however far. */
  folders: readonly string[];
  /** The names of those packages. */
  names: readonly string[];
  workspaceRoot: string;
  targetDirectory: string;
};

// Of `cargo metadata`: https://doc.rust-lang.org/cargo/commands/cargo-metadata.html
type Metadata = {
  workspace_root: string;
  target_directory: string;
  packages: {
    name: string;
    manifest_path: string;
    dependencies: { path?: string; kind: 'dev' | 'build' | null }[];
  }[];
};

/** What cargo says of packages, asked once for each workspace. */
export class Workspaces {
  readonly #packages = new Map<string, Metadata['packages'][number] & { workspace: Metadata }>();
  readonly #env: Record<string, string>;

  /** `env` is the gates'. */
  constructor(env: Record<string, string>) {
    this.#env = env;
  }

  /**
   * The crates behind a package. Its own dev-dependencies count (its tests use them), those of what it depends on do
   * not. Throws InputsUnknown when cargo cannot say, or when cargo is configured to take sources from elsewhere.
   */
  async cratesOf(packageFolder: string): Promise<Crates> {
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
    const target = workspace.target_directory;
    return {
      folders: [...seen.keys()],
      names: [...seen.values()],
      workspaceRoot: root,
      targetDirectory: await realpath(target).catch(() => target),
    };
  }

  async #find(folder: string) {
    if (!this.#packages.has(folder)) await this.#ask(folder);
    const found = this.#packages.get(folder);
    if (found === undefined) throw new InputsUnknown(`cargo metadata knows no package in ${folder}`);
    return found;
  }

  async #ask(folder: string): Promise<void> {
    await requireProgram('cargo', this.#env);
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

/** Files by which cargo and rustup are configured for a build in these folders, as far as they exist. */
export async function cargoConfiguration(
  folders: readonly string[],
  env: Environment,
): Promise<{ path: string; isCargoHome: boolean }[]> {
  const cargoHome = env.CARGO_HOME ?? join(env.HOME ?? '/', '.cargo');
  const homeFiles = ['config.toml', 'config'].map((name) => join(cargoHome, name));
  // https://doc.rust-lang.org/cargo/reference/config.html, https://rust-lang.github.io/rustup/overrides.html
  const names = ['.cargo/config.toml', '.cargo/config', 'rust-toolchain.toml', 'rust-toolchain'];
  const above = [...new Set(folders.flatMap(withFoldersAbove))].sort();
  const local = above.flatMap((folder) => names.map((name) => join(folder, name)));
  const there = [...new Set([...local, ...homeFiles])].filter((path) => existsSync(path));
  for (const path of there) {
    if (path.includes('rust-toolchain')) continue;
    const config = parseToml(await readFile(path, 'utf8'), path);
    // Packages and settings from elsewhere, which nothing in the checkout tells of.
    const key = ['patch', 'paths', 'include'].find((each) => config[each] !== undefined);
    if (key !== undefined) throw new InputsUnknown(`cargo is configured with [${key}] in ${path}`);
  }
  return there.map((path) => ({ path, isCargoHome: homeFiles.includes(path) }));
}

/** Folders that `[patch]` and `[replace]` in a workspace's manifest take packages from. */
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

/** A script that goes by cargo's name may do anything: with another toolchain, or with none. */
async function requireProgram(name: string, { PATH = '' }: Record<string, string>): Promise<void> {
  const candidates = PATH.split(delimiter).map((folder) => join(folder, name));
  for (const path of candidates) {
    const file = await open(path).catch(() => undefined);
    if (file === undefined) continue;
    try {
      const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
      if (buffer.toString('latin1') === '#!')
        throw new InputsUnknown(`${path} is a script, not cargo itself`);
      return;
    } finally {
      await file.close();
    }
  }
  throw new InputsUnknown(`there is no ${name}`);
}

function parsed(stdout: string): Metadata {
  try {
    const found = JSON.parse(stdout) as Metadata;
    if (Array.isArray(found.packages) && typeof found.workspace_root === 'string') return found;
  } catch {
    // Told below: some other program than cargo, perhaps.
  }
  throw new InputsUnknown('cargo metadata gives something else than metadata');
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    throw new InputsUnknown(`${path}: ${cleanLine(String(error), 200)}`);
  }
}

function missing(path: string): never {
  throw new InputsUnknown(`${path} is missing`);
}

function withFoldersAbove(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withFoldersAbove(parent)];
}
