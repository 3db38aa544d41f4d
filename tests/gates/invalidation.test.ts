import assert from 'node:assert/strict';
import { cp, readFile, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type GateChoices, gateIds } from '@deploy/gates';
import type { GateId } from '@deploy/gates/inputs';
import { standInTools } from '../support/stand-in-tools.ts';
import { type Checkout, cachingCheckout, SERVICE, states, WEB } from './support/caching-checkout.ts';

const NONE: GateId[] = [];
const ALL: GateId[] = [...gateIds];
/** What builds the service: its tests, and the budget gate, which runs it. */
const OF_SERVICE: GateId[] = ['cargo-test', 'perf-budget'];
const OF_WEB: GateId[] = ['wasm-check', 'sw-policy', 'perf-budget'];
const SCRIPTS: GateId[] = ['sw-policy', 'perf-budget'];

type Setting = {
  env?: Record<string, string | undefined>;
  choices?: Partial<GateChoices>;
  root?: string;
};
type Row = {
  change: string;
  misses: GateId[];
  /** Makes the change; what it gives goes with the question. */
  make(checkout: Checkout): Promise<Setting | undefined> | Promise<void>;
};

const MODEL = 'crates/openagents-session-model';
const ID = 'crates/openagents-id';
const row = (change: string, misses: GateId[], make: Row['make']): Row => ({ change, misses, make });
const variables = (change: string, misses: GateId[], env: Record<string, string>): Row =>
  row(change, misses, async () => ({ env }));
const append = (path: string, misses: GateId[], change = `${path} is edited`): Row =>
  row(change, misses, (checkout) => checkout.add(path, path.endsWith('.toml') ? '\n# edited\n' : '\n'));

const rows: Row[] = [
  row('nothing', NONE, async () => {}),

  // The crates, and the crates behind them.
  append(`${SERVICE}/src/lib.rs`, OF_SERVICE),
  append(`${SERVICE}/Cargo.toml`, ALL),
  append(`${MODEL}/src/lib.rs`, OF_SERVICE, 'a path dependency of the service is edited'),
  append(`${ID}/src/lib.rs`, ALL, 'a path dependency of a path dependency is edited'),
  append(`${ID}/Cargo.toml`, ALL, 'the manifest of a path dependency of all is edited'),
  append('crates/openagents-testkit/src/lib.rs', OF_SERVICE, 'a dev-dependency of the service is edited'),
  append('crates/openagents-devonly/src/lib.rs', NONE, "a dependency's dev-dependency is edited"),
  append(`${WEB}/src/lib.rs`, OF_WEB),
  append('crates/openagents-app-state/src/lib.rs', OF_WEB, 'a path dependency of the web shell is edited'),
  append('crates/wgpui/src/lib.rs', OF_WEB, 'a crate that the web shell takes with other features is edited'),
  append('apps/runtime/src/lib.rs', NONE, 'a crate that no gate builds is edited'),
  append('apps/runtime/Cargo.toml', ALL, 'the manifest of a crate that no gate builds is edited'),
  row('a crate that no gate builds is broken, so that cargo reads no manifest at all', ALL, (c) =>
    c.put('apps/runtime/Cargo.toml', 'not a manifest'),
  ),
  row('the service gets one more path dependency', ALL, async (c) => {
    await c.add('apps/runtime/src/lib.rs', '\n');
    await c.add(
      `${MODEL}/Cargo.toml`,
      '\n[build-dependencies]\nopenagents-devonly = { path = "../openagents-devonly" }\n',
    );
  }),

  // The web shell.
  append(`${WEB}/host/index.html`, OF_WEB),
  append(`${WEB}/host/sw.template.js`, OF_WEB),
  append(`${WEB}/build-dist.sh`, OF_WEB),
  append(`${WEB}/scripts/measure.mjs`, OF_WEB),
  append(`${WEB}/scripts/perf-budget-gate.sh`, OF_WEB),

  // The workspace, the toolchain, the configuration.
  append('Cargo.lock', ALL),
  append('Cargo.toml', ALL, 'the manifest of the workspace is edited'),
  row('a toolchain file appears', ALL, (c) => c.put('rust-toolchain.toml', '[toolchain]\ncomponents = []\n')),
  row('a configuration of cargo appears', ALL, (c) =>
    c.put('.cargo/config.toml', '[profile.dev]\nopt-level = 1\n'),
  ),
  row("a configuration of cargo appears in the service's folder", OF_SERVICE, (c) =>
    c.put(`${SERVICE}/.cargo/config.toml`, '[profile.dev]\nopt-level = 1\n'),
  ),
  row('the lock file is gone', ALL, (c) => c.remove('Cargo.lock')),
  row('another compiler', ALL, async (c) => {
    const tools = await standInTools({ rustc: 'echo "rustc 9.9.9"; echo "host: here"' });
    c.leave(tools);
    return { env: { PATH: `${tools.folder}:${c.env.PATH}` } };
  }),
  row('another Node', SCRIPTS, async (c) => {
    const tools = await standInTools({ node: 'echo v99.0.0' });
    c.leave(tools);
    return { env: { PATH: `${tools.folder}:${c.env.PATH}` } };
  }),
  row('no cargo at all', ALL, async (c) => {
    const tools = await standInTools({ git: `PATH='${c.env.PATH}' exec git "$@"` });
    c.leave(tools);
    return { env: { PATH: tools.folder } };
  }),

  // Elsewhere in the checkout.
  row('a file in the root that nothing reads', NONE, (c) => c.put('README.md', 'new\n')),
  append('scripts/run-cross-surface-contract-harness.sh', NONE),
  append('tools/limit.mjs', ['sw-policy'], "a module elsewhere that a gate's script imports is edited"),
  append('tools/common', ['sw-policy'], 'a shell script without an ending that a gate sources is edited'),
  append('docs/guide.txt', NONE, 'the file next to it, which no build reads, is edited'),

  // What may happen to a file.
  row('an untracked file in a crate', OF_SERVICE, (c) => c.put(`${SERVICE}/src/new.rs`, '// new\n')),
  row('an untracked file elsewhere', NONE, (c) => c.put('apps/other/new.rs', '// new\n')),
  row('a deleted file', OF_WEB, (c) => c.remove(`${WEB}/host/package.json`)),
  row('a deleted file that is still in the index, and its folder with it', OF_WEB, (c) =>
    c.remove(`${WEB}/host`),
  ),
  row('a renamed file', OF_WEB, (c) => c.rename(`${WEB}/host/index.html`, `${WEB}/host/home.html`)),
  row('a file that can no longer be executed', OF_WEB, (c) => c.chmod(`${WEB}/build-dist.sh`, 0o644)),
  row('a file that was touched, and is the same', NONE, (c) => utimes(c.at(`${SERVICE}/src/lib.rs`), 1, 1)),
  row('an edit that is staged', OF_SERVICE, async (c) => {
    await c.add(`${SERVICE}/src/lib.rs`, '\n');
    await c.git('add', '-A');
  }),
  row('an edit that is committed', OF_SERVICE, async (c) => {
    await c.git('checkout', '-q', '-b', 'edited');
    await c.add(`${SERVICE}/src/lib.rs`, '\n');
    await c.git('commit', '-qam', 'Edited');
  }),
  row('an edit that git was told to overlook (assume-unchanged)', OF_SERVICE, async (c) => {
    await c.git('update-index', '--assume-unchanged', `${SERVICE}/src/lib.rs`);
    await c.add(`${SERVICE}/src/lib.rs`, '\n');
  }),
  row('an edit that git was told to overlook (skip-worktree)', OF_SERVICE, async (c) => {
    await c.git('update-index', '--skip-worktree', `${SERVICE}/src/lib.rs`);
    await c.add(`${SERVICE}/src/lib.rs`, '\n');
  }),
  row('a new symbolic link', OF_SERVICE, (c) => symlink('lib.rs', c.at(`${SERVICE}/src/link.rs`))),
  append('shared/notice.txt', OF_SERVICE, 'what a symbolic link in a crate leads to is edited'),
  row('a folder of a crate becomes a link to the same content elsewhere', OF_SERVICE, async (c) => {
    await c.rename(`${MODEL}/src`, 'shared/model-src');
    await symlink('../../shared/model-src', c.at(`${MODEL}/src`));
  }),
  row('a whole crate becomes a link to a folder that then changes', ALL, async (c) => {
    await c.rename(MODEL, 'shared/model');
    await symlink('../shared/model', c.at(MODEL));
    await c.add('shared/model/src/lib.rs', '\n');
  }),
  row('a git repository of its own in a crate', OF_SERVICE, async (c) => {
    await c.put(`${SERVICE}/vendor/inner/x.rs`, '// inner\n');
    await c.git('init', '-q', c.at(`${SERVICE}/vendor/inner`));
  }),

  // What git ignores.
  row('a file that git ignores and the build reads', OF_SERVICE, (c) =>
    c.put(`${SERVICE}/src/generated.rs`, 'pub const GENERATED: u8 = 2;\n'),
  ),
  row('a file that git ignores and tests may read', OF_SERVICE, (c) => c.put(`${SERVICE}/.env`, 'A=1\n')),
  row('the folder that cargo builds into', NONE, (c) => c.put('target/debug/deps/left-behind.txt', 'x\n')),
  row('the dist folder', NONE, (c) => c.put(`${WEB}/dist/left-behind.txt`, 'x\n')),
  row('what a package manager notes of the packages that it has installed', OF_WEB, (c) =>
    c.put(`${WEB}/host/node_modules/.package-lock.json`, '{}\n'),
  ),
  row('line endings that git takes back on the way into a commit', OF_WEB, async (c) => {
    const script = `${WEB}/scripts/sw-policy-verify.sh`;
    const text = await readFile(c.at(script), 'utf8');
    c.leave({
      async [Symbol.asyncDispose]() {
        await c.remove('.git/info/attributes');
        await c.put(script, text);
      },
    });
    await c.put('.git/info/attributes', '*.sh text\n');
    await c.put(script, text.replaceAll('\n', '\r\n'));
    await c.git('add', '-A');
  }),
  row('a mode that git was told not to look at', OF_WEB, async (c) => {
    const script = `${WEB}/scripts/perf-budget-gate.sh`;
    c.leave({
      async [Symbol.asyncDispose]() {
        await c.git('config', 'core.fileMode', 'true');
        await c.chmod(script, 0o755);
      },
    });
    await c.git('config', 'core.fileMode', 'false');
    await c.chmod(script, 0o644);
    await c.git('update-index', '--refresh');
  }),
  row('an evidence report', NONE, (c) =>
    c.put(`${SERVICE}/docs/reports/20260221T193500Z-staging-deploy-report.md`, 'x\n'),
  ),
  row('another file beside the reports', OF_SERVICE, (c) => c.put(`${SERVICE}/docs/reports/notes.md`, 'x\n')),

  // Branches and places.
  row('another branch with the same content', NONE, async (c) => {
    await c.git('checkout', '-q', '-b', 'same');
    await c.git('commit', '-q', '--allow-empty', '-m', 'Same');
  }),
  row('another folder with the same content', NONE, async (c) => {
    const root = join(c.home, 'elsewhere/deeper/copy');
    await cp(c.root, root, { recursive: true, verbatimSymlinks: true });
    return { root };
  }),
  row('a copy without git', NONE, async (c) => {
    const root = join(c.home, 'no-git');
    await cp(c.root, root, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (from) => !from.endsWith('/.git'),
    });
    return { root };
  }),

  // The environment.
  variables('RUSTFLAGS', ALL, { RUSTFLAGS: '-Dwarnings' }),
  variables('CARGO_PROFILE_DEV_OPT_LEVEL', ALL, { CARGO_PROFILE_DEV_OPT_LEVEL: '1' }),
  variables('OA_BUILD_ID, which the build reads', ALL, { OA_BUILD_ID: 'x' }),
  variables('LATENCY_SAMPLES', SCRIPTS, { LATENCY_SAMPLES: '5' }),
  variables('JS_BUDGET_BYTES', SCRIPTS, { JS_BUDGET_BYTES: '5000' }),
  variables('SOAK_SECONDS', SCRIPTS, { SOAK_SECONDS: '5' }),
  variables('a variable that gates are not given', NONE, {
    FAVOURITE_COLOUR: 'blue',
    TERM: 'vt100',
    LANG: 'de_DE',
  }),
  row('the same variable, once gates are given it', ALL, async () => ({
    env: { FAVOURITE_COLOUR: 'blue' },
    choices: { passed: ['FAVOURITE_COLOUR'] },
  })),
  variables('where cargo builds', NONE, {
    CARGO_TARGET_DIR: '/nonexistent/target',
    CARGO_TERM_COLOR: 'never',
  }),
  variables('a secret', NONE, { OA_SYNC_TOKEN_SIGNING_KEY: 'canary', CARGO_REGISTRY_TOKEN: 'canary' }),

  // What was asked for.
  row('a verdict may be of no age', ALL, async () => ({ choices: { maxAgeMs: 0 } })),
  row('all are to run', ALL, async () => ({ choices: { force: true } })),
];

describe('what changes a verdict, and what does not', () => {
  let checkout: Checkout;
  let passed: Awaited<ReturnType<Checkout['fingerprints']>>;
  before(async () => {
    checkout = await cachingCheckout({ cargo: 'stand-in', scripts: 'real' });
    const { results, text } = await checkout.run();
    assert.ok(
      results.every(({ state }) => state === 'passed'),
      text,
    );
    passed = await checkout.fingerprints();
  });
  after(() => checkout[Symbol.asyncDispose]());

  test('there are rows enough', () => assert.ok(rows.length >= 40, `${rows.length}`));

  for (const { change, misses, make } of rows) {
    test(`${change}: ${misses.join(', ') || 'all hit'}`, async () => {
      try {
        const setting = (await make(checkout)) ?? {};
        const isInFingerprint = misses.length > 0 && setting.choices === undefined;
        const missed = await (isInFingerprint ? otherThanPassed(setting) : missedInCache(setting));
        assert.deepEqual(missed, misses);
      } finally {
        await checkout.restore();
      }
    });
  }

  /** The gates of which no verdict can be known any more, found out without turbo, which takes longer than the rest. */
  async function otherThanPassed(setting: Setting): Promise<GateId[]> {
    const now = await checkout.fingerprints(setting);
    return gateIds.filter((gate) => {
      const [before, print] = [passed.get(gate), now.get(gate)];
      assert.ok(before && 'id' in before);
      return !(print && 'id' in print && print.id === before.id);
    });
  }

  async function missedInCache(setting: Setting): Promise<GateId[]> {
    const found = await checkout.explain(setting);
    return found.flatMap(({ gate, expect }) => (expect === 'miss' ? [gate] : []));
  }

  test('after all of this, everything hits again, and a real run agrees', async () => {
    assert.deepEqual(
      states(await checkout.run()),
      gateIds.map((gate) => `${gate} hit`),
    );
  });

  test('a miss names what has changed, by file', async () => {
    await checkout.add(`${ID}/src/lib.rs`, '\n');
    await checkout.remove(`${WEB}/host/package.json`);
    const found = await checkout.explain();
    await checkout.restore();
    const changed = Object.fromEntries(found.map((each) => [each.gate, each.changed]));
    assert.deepEqual(changed['cargo-test'], [`${ID}/src/lib.rs`]);
    assert.deepEqual(changed['sw-policy'], [`${WEB}/host/package.json`, `${ID}/src/lib.rs`].sort());
    assert.match(
      found[0]?.reason ?? '',
      /^changed since the verdict of \S+Z at commit [0-9a-f]{12}: crates\//,
    );
  });
});
