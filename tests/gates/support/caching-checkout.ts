import { appendFile, chmod, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
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
import { fingerprintGates, gateEnvironment, verificationGates } from '@deploy/gates/inputs';
import { gitIn, testGitEnvironment } from '../../support/git.ts';
import { UNUSED_ADDRESS } from '../../support/unused-address.ts';
import { cargoFor } from './cargo.ts';
import { committedCheckout, type Scripts, SERVICE, WEB } from './committed-checkout.ts';

export { SERVICE, WEB };

/** Everything afresh unless a cached verdict is younger than a week. */
export const CHOICES: GateChoices = {
  selected: undefined,
  force: false,
  maxAgeMs: 7 * 86_400_000,
  passed: [],
  extraInputs: [],
};

/** In one shell, because it takes less to start git from there than from this process. */
const RESTORE = `
git ls-files -v | while read -r tag path; do
  case $tag in
    S) git update-index --no-skip-worktree "$path" ;;
    [a-z]) git update-index --no-assume-unchanged "$path" ;;
  esac
done
for setting in core.fsmonitor core.fileMode; do git config --unset-all $setting || true; done
git update-index --no-fsmonitor
git clean -ffdqx -e target -e dist
git checkout -q -f main
git reset -q --hard main
`;

export type Checkout = Awaited<ReturnType<typeof cachingCheckout>>;

/**
 * A checkout of its own with what `committedCheckout` has, and with a turbo cache of its own. With `stand-in`, gates
 * run a stand-in for cargo, which compiles nothing, and scripts that do nothing, unless real ones are asked for: that is
 * enough for tests of what is around a gate.
 */
export async function cachingCheckout({
  cargo: which = 'real',
  scripts = which === 'real' ? 'real' : 'short',
}: {
  cargo?: 'real' | 'stand-in';
  scripts?: Scripts;
} = {}) {
  const home = await mkdtemp(join(tmpdir(), 'gates-cache-'));
  const root = join(home, 'checkout');
  await cp(await committedCheckout(scripts), root, {
    recursive: true,
    verbatimSymlinks: true,
  });
  const cargo = await cargoFor(which);
  const env: Record<string, string | undefined> = {
    ...cargo.env,
    ...UNUSED_ADDRESS,
    PATH: [cargo.folder, process.env.PATH].filter((part) => part !== undefined).join(delimiter),
    // What git ignores by this person's settings must not be missing from a fingerprint.
    HOME: home,
    USER: 'operator',
    CARGO_HOME: process.env.CARGO_HOME ?? join(homedir(), '.cargo'),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    TURBO_CACHE_DIR: join(home, 'turbo'),
  };
  const at = (path: string): string => join(root, path);
  const putAt = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  const put = (path: string, text: string): Promise<void> => putAt(at(path), text);
  const git = (...args: string[]): Promise<string> => gitIn(root, ...args);
  const add = (path: string, text: string): Promise<void> => appendFile(at(path), text);

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
      const { exitCode, stderr } = await runCommand(['sh', '-euc', RESTORE], {
        cwd: root,
        env: testGitEnvironment(),
      });
      if (exitCode !== 0) throw new Error(`the checkout cannot be put back: ${stderr}`);
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
      const out: Output = { data: keep, note: keep, verbatim: keep };
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
      const theirs = { ...testGitEnvironment(), HOME: join(folder, 'home') };
      const script = 'umask "$1" && mkdir -p "$HOME/.cargo" && git clone -q "$2" "$3"';
      const { exitCode, stderr } = await runCommand(
        ['sh', '-c', script, 'sh', umask, root, join(folder, 'openagents')],
        { env: theirs },
      );
      if (exitCode !== 0) throw new Error(`git clone: ${stderr}`);
      return { root: join(folder, 'openagents'), env: { HOME: theirs.HOME, USER: 'operator' } };
    },
    /** Fingerprints of all gates, afresh. */
    fingerprints: (more: { root?: string; env?: Record<string, string | undefined> } = {}) =>
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
