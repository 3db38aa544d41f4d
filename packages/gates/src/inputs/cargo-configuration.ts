import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { cleanLine } from '@deploy/cli';
import { parse } from 'smol-toml';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import { type ConfiguredProgram, programEntry, programsInEnvironment } from './programs.ts';
import { contentAt, type Entries } from './tree.ts';

type Config = Record<string, unknown>;

// Settings that only affect downloads, the number of processes, and the output:
// https://doc.rust-lang.org/cargo/reference/config.html
const NEUTRAL = [
  'alias',
  'cache',
  'cargo-new',
  'credential-alias',
  'future-incompat-report',
  'http',
  'install',
  'net',
  'registries',
  'registry',
  'term',
];
const NEUTRAL_IN_BUILD = ['build-dir', 'incremental', 'jobs', 'target-dir'];
// Settings that are refused, because they bring in packages or other settings from outside the checkout.
const REFUSED = ['patch', 'paths', 'include'];

/**
 * The configuration of cargo and rustup for a build in these folders: settings that can change the result, and the
 * programs and source folders that they name. Throws InputsUnknown if the configuration makes it impossible to tell
 * what is built. Sources: https://doc.rust-lang.org/cargo/reference/config.html,
 * https://rust-lang.github.io/rustup/overrides.html
 */
export async function cargoConfiguration(
  folders: readonly string[],
  root: string,
  env: Readonly<Record<string, string>>,
): Promise<Entries> {
  const entries: Entries = new Map();
  const programs: ConfiguredProgram[] = programsInEnvironment(env, root);
  const cargoHome = env.CARGO_HOME || join(env.HOME ?? '/', '.cargo');
  const above = [...new Set(folders.flatMap(withFoldersAbove))].sort();
  const places = new Set([
    ...above.flatMap((folder) => ['config.toml', 'config'].map((name) => join(folder, '.cargo', name))),
    ...['config.toml', 'config'].map((name) => join(cargoHome, name)),
  ]);
  for (const path of [...places].filter((each) => existsSync(each))) {
    const config = parseToml(await readFile(path, 'utf8'), path);
    const refused = REFUSED.find((each) => config[each] !== undefined);
    if (refused !== undefined) throw new InputsUnknown(`cargo is configured with [${refused}] in ${path}`);
    const name = dirname(path) === cargoHome ? 'CARGO_HOME/config' : relative(root, path);
    const settings = JSON.stringify(sorted(steering(config)));
    const { changedAt } = contentAt(path);
    if (settings !== '{}') entries.set(name, { state: hash('sha256', settings), changedAt });
    // Paths in a configuration are relative to the folder that holds `.cargo`.
    const start = dirname(dirname(path));
    programs.push(...programsIn(config, name, start));
    for (const folder of sourceFolders(config))
      entries.set(`${name} source ${folder}`, contentAt(resolve(start, folder)));
  }
  for (const program of programs) entries.set(`program ${program.name}`, programEntry(program, env));
  for (const folder of above) {
    for (const name of ['rust-toolchain.toml', 'rust-toolchain']) {
      const path = join(folder, name);
      if (!existsSync(path)) continue;
      if (/^\s*path\s*=/m.test(await readFile(path, 'utf8')))
        throw new InputsUnknown(`${path} chooses a toolchain by its folder`);
      entries.set(relative(root, path), contentAt(path));
    }
  }
  return entries;
}

/** Parses one of cargo's files. Throws InputsUnknown when it is not TOML. */
export function parseToml(text: string, path: string): Config {
  try {
    return parse(text);
  } catch (error) {
    throw new InputsUnknown(`${path}: ${cleanLine(String(error), 200)}`);
  }
}

function steering(config: Config): Config {
  const { build, ...others } = config;
  const kept = Object.entries(others).filter(([key]) => !NEUTRAL.includes(key));
  const steersBuild = Object.entries(table(build)).filter(([key]) => !NEUTRAL_IN_BUILD.includes(key));
  return Object.fromEntries(
    steersBuild.length === 0 ? kept : [...kept, ['build', Object.fromEntries(steersBuild)]],
  );
}

function programsIn(config: Config, name: string, folder: string): ConfiguredProgram[] {
  const build = table(config.build);
  const named: [string, unknown][] = [
    ...['rustc', 'rustdoc', 'rustc-wrapper', 'rustc-workspace-wrapper'].map((key): [string, unknown] => [
      `build.${key}`,
      build[key],
    ]),
    ...Object.entries(table(config.target)).flatMap(([target, settings]) =>
      ['runner', 'linker'].map((key): [string, unknown] => [`${target}.${key}`, table(settings)[key]]),
    ),
  ];
  return named.flatMap(([key, value]) => {
    const words = Array.isArray(value)
      ? value.map(String)
      : typeof value === 'string'
        ? wordsOf(key, value)
        : [];
    return words.length === 0 || words[0] === '' ? [] : [{ name: `${name} ${key}`, words, folder }];
  });
}

/** A runner may be a single string that contains its arguments. */
function wordsOf(key: string, value: string): string[] {
  return key.endsWith('.runner') ? value.split(/\s+/) : [value];
}

/** Folders that replace registries: https://doc.rust-lang.org/cargo/reference/source-replacement.html */
function sourceFolders(config: Config): string[] {
  return Object.values(table(config.source)).flatMap((source) =>
    ['directory', 'local-registry'].flatMap((key) => {
      const folder = table(source)[key];
      return typeof folder === 'string' ? [folder] : [];
    }),
  );
}

function table(value: unknown): Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : {};
}

/** The same value with the keys of every table sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

function withFoldersAbove(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withFoldersAbove(parent)];
}
