import { appendFile, chmod, cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type Output, runCommand } from '@deploy/cli';
import {
  type Explanation,
  explainGates,
  type GateChoices,
  type GateRun,
  gateSettings,
  runGates,
} from '@deploy/gates';
import { prepareCargo, sampleCheckoutFolder } from '@deploy/rehearsal';
import { gateEnvironment } from '../../../packages/gates/src/environment.ts';
import { fingerprintGates } from '../../../packages/gates/src/fingerprint.ts';
import { verificationGates } from '../../../packages/gates/src/gates.ts';

export const SERVICE = 'apps/openagents.com/service';
export const WEB = 'apps/openagents.com/web-shell';

/** Everything afresh unless a cached verdict is younger than a week. */
export const CHOICES: GateChoices = {
  selected: undefined,
  force: false,
  maxAgeMs: 7 * 86_400_000,
  passed: [],
  extraInputs: [],
};

export type Checkout = Awaited<ReturnType<typeof cachingCheckout>>;

/**
 * The sample checkout with more of what a real one has: a crate that only tests use, one that only a dependency's tests
 * use, files that a build reads from elsewhere or that git ignores, links; with a turbo cache of its own. With
 * `stand-in`, gates run a stand-in for cargo, which compiles nothing.
 */
export async function cachingCheckout({ cargo: which = 'real' }: { cargo?: 'real' | 'stand-in' } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'gates-cache-'));
  const root = join(home, 'checkout');
  await cp(sampleCheckoutFolder, root, { recursive: true });
  // These tests are about inputs and verdicts: what this machine lacks of Rust is stood in for.
  const cargo = await prepareCargo(which === 'real' ? undefined : { cargo: false, wasm: false });
  const env: Record<string, string | undefined> = {
    ...cargo.env,
    PATH: [cargo.folder, process.env.PATH].filter((part) => part !== undefined).join(delimiter),
    HOME: process.env.HOME,
    USER: 'operator',
    CARGO_HOME: process.env.CARGO_HOME,
    RUSTUP_HOME: process.env.RUSTUP_HOME,
    TURBO_CACHE_DIR: join(home, 'turbo'),
  };
  const at = (path: string): string => join(root, path);
  const putAt = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  const put = (path: string, text: string): Promise<void> => putAt(at(path), text);
  const git = async (...args: string[]): Promise<string> => {
    const identity = ['-c', 'user.name=Sample', '-c', 'user.email=sample@example.com'];
    const { exitCode, stdout, stderr } = await runCommand(['git', ...identity, ...args], { cwd: root });
    if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const add = (path: string, text: string): Promise<void> => appendFile(at(path), text);

  for (const [name, users] of [
    ['openagents-testkit', SERVICE],
    ['openagents-devonly', 'crates/openagents-session-model'],
  ] as const) {
    await put(
      `crates/${name}/Cargo.toml`,
      `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n`,
    );
    await put(`crates/${name}/src/lib.rs`, '');
    const up = users === SERVICE ? '../../../crates' : '..';
    await add(`${users}/Cargo.toml`, `\n[dev-dependencies]\n${name} = { path = "${up}/${name}" }\n`);
  }
  await put('docs/openapi.txt', 'paths\n');
  await put('docs/guide.txt', 'read by people only\n');
  await put('tools/limit.mjs', 'export const LIMIT = 1;\n');
  await add(`${WEB}/scripts/check-manifest.mjs`, "\nimport '../../../../tools/limit.mjs';\n");
  await put('tools/common', '# for scripts\n');
  await add(`${WEB}/scripts/sw-policy-verify.sh`, '\n. ../../../tools/common\n');
  await put('shared/notice.txt', 'a notice\n');
  await symlink('../../../shared/notice.txt', at(`${SERVICE}/notice.txt`));
  await add('.gitignore', 'generated.rs\nnode_modules/\n.env\n');
  await put(`${SERVICE}/src/generated.rs`, 'pub const GENERATED: u8 = 1;\n');
  await add(
    `${SERVICE}/src/lib.rs`,
    [
      'include!("generated.rs");',
      'pub const API: &str = include_str!("../../../../docs/openapi.txt");',
      'pub const BUILT_BY: Option<&str> = option_env!("USER");',
      '',
    ].join('\n'),
  );
  await runCommand(['cargo', 'generate-lockfile', '--offline'], { cwd: root });
  await git('init', '-q', '-b', 'main');
  await git('add', '-A');
  await git('commit', '-q', '-m', 'Sample checkout');

  const choicesOf = (more: Partial<GateChoices>): GateChoices => ({ ...CHOICES, ...more });
  const checkoutAt = (folder = root) => ({ root: folder, serviceDir: SERVICE, webShellDir: WEB });
  const left: AsyncDisposable[] = [];
  return {
    root,
    home,
    env,
    at,
    put,
    /** The same for an absolute path. */
    putAt,
    add,
    git,
    /** To be cleared away by the next `restore`. */
    leave: (what: AsyncDisposable): void => void left.push(what),
    remove: (path: string) => rm(at(path), { recursive: true, force: true }),
    rename: (from: string, to: string) => rename(at(from), at(to)),
    chmod: (path: string, mode: number) => chmod(at(path), mode),
    /** As it was committed, but for what git ignores, which is put back as it was. */
    async restore(): Promise<void> {
      for (const each of left.splice(0)) await each[Symbol.asyncDispose]();
      const tagged = (await git('ls-files', '-v')).split('\n').filter((line) => /^(?:[a-z]|S)/.test(line));
      for (const line of tagged) {
        const flag = line.startsWith('S') ? '--no-skip-worktree' : '--no-assume-unchanged';
        await git('update-index', flag, line.slice(2));
      }
      await git('clean', '-ffdqx', '-e', 'target', '-e', 'dist');
      await git('checkout', '-q', '-f', 'main');
      await git('reset', '-q', '--hard', 'main');
      await put(`${SERVICE}/src/generated.rs`, 'pub const GENERATED: u8 = 1;\n');
    },
    explain: (
      more: { env?: Record<string, string | undefined>; choices?: Partial<GateChoices>; root?: string } = {},
    ): Promise<Explanation[]> =>
      explainGates({
        checkout: checkoutAt(more.root),
        env: { ...env, ...more.env },
        choices: choicesOf(more.choices ?? {}),
      }),
    async run(
      more: {
        env?: Record<string, string | undefined>;
        choices?: Partial<GateChoices>;
        root?: string;
        stopAtFirst?: boolean;
      } = {},
    ): Promise<GateRun & { text: string }> {
      const lines: string[] = [];
      const keep = (line: string): void => void lines.push(line);
      const out: Output = { data: keep, note: keep };
      const run = await runGates({
        checkout: checkoutAt(more.root),
        env: { ...env, ...more.env },
        choices: choicesOf(more.choices ?? {}),
        stopAtFirst: more.stopAtFirst ?? false,
        out,
      });
      return { ...run, text: lines.join('\n') };
    },
    /** What another person's checkout of the same commit gives, with a home, a umask and a place of its own. */
    async clone(path: string, umask: string): Promise<{ root: string; env: Record<string, string> }> {
      const folder = join(home, path);
      const theirs = { ...process.env, HOME: join(folder, 'home') };
      const script = 'umask "$1" && mkdir -p "$HOME/.cargo" && git clone -q "$2" "$3"';
      const { exitCode, stderr } = await runCommand(
        ['sh', '-c', script, 'sh', umask, root, join(folder, 'openagents')],
        { env: theirs as Record<string, string> },
      );
      if (exitCode !== 0) throw new Error(`git clone: ${stderr}`);
      return { root: join(folder, 'openagents'), env: { HOME: theirs.HOME, USER: 'operator' } };
    },
    /** Fingerprints of all gates, afresh. */
    fingerprints: (more: { root?: string; env?: Record<string, string> } = {}) =>
      fingerprintGates(verificationGates, {
        checkout: checkoutAt(more.root),
        gateEnvOf: (gate) => gateEnvironment({ ...env, ...more.env }, gate),
        extraInputs: gateSettings.extraInputs.parse(more.env?.GATES_EXTRA_INPUTS),
      }),
    async [Symbol.asyncDispose]() {
      await cargo[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** `cargo-test hit`, in the order of the gates. */
export function states({ results }: GateRun): string[] {
  return results.map((each) => `${each.gate} ${each.state === 'passed' ? each.cache : each.state}`);
}
