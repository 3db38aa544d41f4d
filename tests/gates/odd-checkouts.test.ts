import assert from 'node:assert/strict';
import { cp, mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gateIds } from '@deploy/gates';
import type { GateId } from '@deploy/gates/inputs';
import { type Checkout, cachingCheckout, SERVICE, WEB } from './support/caching-checkout.ts';

const NONE: GateId[] = [];
const ALL: GateId[] = [...gateIds];
const OF_SERVICE: GateId[] = ['cargo-test', 'perf-budget'];
const OF_WEB: GateId[] = ['wasm-check', 'sw-policy', 'perf-budget'];
const SCRIPTS: GateId[] = ['sw-policy', 'perf-budget'];
const POLICY = `${WEB}/scripts/sw-policy-verify.sh`;

type Place = { root?: string; env?: Record<string, string> };
type Row = {
  checkout: string;
  change: string;
  /** The gates whose fingerprints the change alters. */
  misses: GateId[];
  /** Makes the odd checkout; what it gives is where it lies and what is set in it. */
  setUp(checkout: Checkout): Promise<Place | undefined> | Promise<void>;
  make(checkout: Checkout): Promise<void>;
};

const CACHEDIR_TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# made by cargo\n';
const outer = (c: Checkout): string => join(c.home, 'larger/repository');

/** The checkout as a folder of a larger repository, from now on `sub` in it. */
async function inLargerRepository(c: Checkout): Promise<Place> {
  await mkdir(outer(c), { recursive: true });
  await cp(c.root, join(outer(c), 'sub'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (from) => !/\/(?:\.git|target)$/.test(from),
  });
  await c.git('init', '-q', outer(c));
  await c.git('-C', outer(c), 'add', '-A');
  await c.git('-C', outer(c), 'commit', '-qm', 'Larger');
  return { root: join(outer(c), 'sub') };
}

/** A hook that tells git that nothing has changed, ever. */
async function withBlindMonitor(c: Checkout): Promise<void> {
  await c.put('.git/blind', "#!/bin/sh\nprintf 'token\\0'\n");
  await c.chmod('.git/blind', 0o755);
  await c.git('config', 'core.fsmonitor', c.at('.git/blind'));
  await c.git('update-index', '--fsmonitor');
  await c.git('status');
}

const cargoConfig = (text: string) => (c: Checkout) => c.put('.cargo/config.toml', text);

const rows: Row[] = [
  {
    checkout: 'in a folder of a larger repository',
    change: 'a tracked file is edited',
    misses: OF_SERVICE,
    setUp: inLargerRepository,
    make: (c) => c.putAt(join(outer(c), 'sub', SERVICE, 'src/lib.rs'), '// edited\n'),
  },
  {
    checkout: 'with a vendored source folder instead of the registry',
    change: 'a file in that folder is edited',
    misses: ALL,
    setUp: async (c) => {
      await c.put('third_party/left-pad/src/lib.rs', '// 1\n');
      await c.put(
        '.cargo/config.toml',
        '[source.crates-io]\nreplace-with = "ours"\n[source.ours]\ndirectory = "third_party"\n',
      );
    },
    make: (c) => c.put('third_party/left-pad/src/lib.rs', '// 2\n'),
  },
  ...(
    [
      ['runner', `[target.'cfg(all())']\nrunner = ["tools/program", "--fast"]\n`],
      ['linker', `[target.x86_64-unknown-linux-gnu]\nlinker = "tools/program"\n`],
      ['wrapper', `[build]\nrustc-wrapper = "tools/program"\n`],
    ] as const
  ).map(
    ([what, config]): Row => ({
      checkout: `whose configuration of cargo names a ${what}`,
      change: 'that program is edited',
      misses: ALL,
      setUp: async (c) => {
        await c.put('tools/program', '#!/bin/sh\nexec "$@"\n');
        await c.chmod('tools/program', 0o755);
        await c.put('.cargo/config.toml', config);
      },
      make: (c) => c.add('tools/program', '# edited\n'),
    }),
  ),
  {
    checkout: 'with a compiler wrapper in the environment',
    change: 'that program is edited',
    misses: ALL,
    setUp: async (c) => {
      await c.put('tools/program', '#!/bin/sh\nexec "$@"\n');
      await c.chmod('tools/program', 0o755);
      return { env: { RUSTC_WORKSPACE_WRAPPER: c.at('tools/program') } };
    },
    make: (c) => c.add('tools/program', '# edited\n'),
  },
  {
    checkout: 'whose script sources a file through a linked folder',
    change: 'that file is edited',
    misses: ['sw-policy'],
    setUp: async (c) => {
      await c.put('shared/lib/more.sh', 'true\n');
      await symlink('../shared/lib', c.at('tools/linked'));
      await c.add(POLICY, '\n. ../../../tools/linked/more.sh\n');
    },
    make: (c) => c.add('shared/lib/more.sh', 'true\n'),
  },
  {
    checkout: 'whose script sources a file of a submodule',
    change: 'that file is edited',
    misses: ['sw-policy'],
    setUp: async (c) => {
      await c.put('tools/sub/more.sh', 'true\n');
      await c.git('init', '-q', c.at('tools/sub'));
      await c.git('-C', c.at('tools/sub'), 'add', '-A');
      await c.git('-C', c.at('tools/sub'), 'commit', '-qm', 'Sub');
      await c.git('add', 'tools/sub');
      await c.add(POLICY, '\n. ../../../tools/sub/more.sh\n');
    },
    make: (c) => c.add('tools/sub/more.sh', 'true\n'),
  },
  {
    checkout: 'whose script sources whatever a pattern finds',
    change: 'one of those files is edited',
    misses: ['sw-policy'],
    setUp: async (c) => {
      await c.put('tools/parts/one.sh', 'true\n');
      await c.add(POLICY, '\nfor part in ../../../tools/parts/*.sh; do . "$part"; done\n');
    },
    make: (c) => c.add('tools/parts/one.sh', 'true\n'),
  },
  {
    checkout: 'whose script sources whatever a pattern finds',
    change: 'one more such file appears',
    misses: ['sw-policy'],
    setUp: async (c) => {
      await c.put('tools/parts/one.sh', 'true\n');
      await c.add(POLICY, '\nfor part in ../../../tools/parts/*.sh; do . "$part"; done\n');
    },
    make: (c) => c.put('tools/parts/two.sh', 'true\n'),
  },
  {
    checkout: 'whose script names a file by way of a variable',
    change: 'that file is edited',
    misses: ['sw-policy'],
    setUp: async (c) => {
      await c.put('tools/parts/one.sh', 'true\n');
      await c.add(POLICY, '\nroot=../../..; . "$root/tools/parts/one.sh"\n');
    },
    make: (c) => c.add('tools/parts/one.sh', 'true\n'),
  },
  {
    checkout: 'whose script makes the name of a file up',
    change: 'a file in the folder that it names is edited',
    misses: ['sw-policy'],
    setUp: async (c) => {
      await c.put('tools/parts/one.sh', 'true\n');
      await c.add(POLICY, '\nroot=../../..; name=one; . "$root/tools/parts/$name.sh"\n');
    },
    make: (c) => c.add('tools/parts/one.sh', 'true\n'),
  },
  {
    checkout: 'with packages that no package manager has left notes of',
    change: 'a file of a package is edited',
    misses: OF_WEB,
    setUp: (c) => c.put(`${WEB}/host/node_modules/left-pad/index.js`, 'export {};\n'),
    make: (c) => c.add(`${WEB}/host/node_modules/left-pad/index.js`, '//\n'),
  },
  {
    checkout: 'with packages installed above the web shell',
    change: 'other packages are installed',
    misses: SCRIPTS,
    setUp: (c) => c.put('apps/node_modules/.package-lock.json', '{}\n'),
    make: (c) => c.put('apps/node_modules/.package-lock.json', '{"packages":{}}\n'),
  },
  {
    checkout: 'with packages of no package manager above the web shell',
    change: 'a file of a package is edited',
    misses: SCRIPTS,
    setUp: (c) => c.put('node_modules/left-pad/index.js', 'export {};\n'),
    make: (c) => c.add('node_modules/left-pad/index.js', '//\n'),
  },
  {
    checkout: 'of any kind',
    change: 'a version of Python is chosen between the root and the web shell',
    misses: SCRIPTS,
    setUp: async () => {},
    make: (c) => c.put('apps/.python-version', '3.9\n'),
  },
  {
    checkout: 'in which git does not look at modes, said as 0',
    change: 'a script can no longer be executed',
    misses: OF_WEB,
    setUp: async (c) => {
      await c.git('config', 'core.fileMode', '0');
    },
    make: async (c) => {
      await c.chmod(`${WEB}/scripts/perf-budget-gate.sh`, 0o644);
      await c.git('update-index', '--refresh');
    },
  },
  {
    checkout: 'in which a file monitor hides edits from git',
    change: 'a tracked file is edited',
    misses: OF_SERVICE,
    setUp: withBlindMonitor,
    make: (c) => c.add(`${SERVICE}/src/lib.rs`, '// edited\n'),
  },
  {
    checkout: 'of any kind',
    change: 'a member of the workspace that no gate builds no longer resolves',
    misses: ALL,
    setUp: async () => {},
    make: (c) => c.add('apps/runtime/Cargo.toml', 'no-such-crate = "99"\n'),
  },
  {
    checkout: 'that names further inputs in a file',
    change: 'one of them is edited',
    misses: ['cargo-test'],
    setUp: async (c) => {
      await c.put('fixtures/data/sessions.json', '[]\n');
      await c.put('.gates-inputs', '# read by tests\ncargo-test: fixtures/data\n');
    },
    make: (c) => c.put('fixtures/data/sessions.json', '[1]\n'),
  },
  {
    checkout: 'with further inputs in GATES_EXTRA_INPUTS',
    change: 'a file that appears in one of them',
    misses: ALL,
    setUp: async () => ({ env: { GATES_EXTRA_INPUTS: 'fixtures/data, cargo-test:docs' } }),
    make: (c) => c.put('fixtures/data/sessions.json', '[1]\n'),
  },

  // What must not cost a verdict.
  {
    checkout: 'in a folder of a larger repository',
    change: 'a file beside the checkout is edited',
    misses: NONE,
    setUp: inLargerRepository,
    make: (c) => c.putAt(join(outer(c), 'README.md'), 'new\n'),
  },
  {
    checkout: 'of any kind',
    change: 'the perf scripts write their reports',
    misses: NONE,
    setUp: async () => {},
    make: async (c) => {
      await c.put(`${WEB}/perf/latest.json`, '{}\n');
      await c.put(`${WEB}/perf/signoff-20260221T193500Z.json`, '{}\n');
    },
  },
  {
    checkout: 'of any kind',
    change: "another file beside the perf scripts' reports appears",
    misses: OF_WEB,
    setUp: async () => {},
    make: (c) => c.put(`${WEB}/perf/budgets.json`, '{}\n'),
  },
  {
    checkout: 'of any kind',
    change: 'editors and systems leave files behind',
    misses: NONE,
    setUp: async () => {},
    make: async (c) => {
      for (const name of ['.DS_Store', '.lib.rs.swp', 'lib.rs~', '.#notes', '#lib.rs#', '._notes', '4913'])
        await c.put(`${SERVICE}/src/${name}`, 'x\n');
      await c.put(`${WEB}/scripts/__pycache__/x.pyc`, 'x\n');
    },
  },
  {
    checkout: 'that has such a file in git',
    change: 'it is edited',
    misses: OF_SERVICE,
    setUp: async (c) => {
      await c.put(`${SERVICE}/src/words~`, 'x\n');
      await c.git('add', '-f', `${SERVICE}/src/words~`);
    },
    make: (c) => c.put(`${SERVICE}/src/words~`, 'y\n'),
  },
  {
    checkout: 'with a stray folder that cargo has built into',
    change: 'something is built there',
    misses: NONE,
    setUp: (c) => c.put(`${WEB}/target/CACHEDIR.TAG`, CACHEDIR_TAG),
    make: (c) => c.put(`${WEB}/target/debug/deps/x.d`, 'x\n'),
  },
  {
    checkout: 'in which a folder of sources is marked as a cache',
    change: 'a file in it is edited',
    misses: OF_SERVICE,
    setUp: async (c) => {
      await c.put(`${SERVICE}/src/more/CACHEDIR.TAG`, CACHEDIR_TAG);
      await c.put(`${SERVICE}/src/more/mod.rs`, '// 1\n');
      await c.git('add', '-A');
    },
    make: (c) => c.put(`${SERVICE}/src/more/mod.rs`, '// 2\n'),
  },
  {
    checkout: 'of any kind',
    change: 'a file appears that cargo may take for a program, whatever has left it',
    misses: OF_SERVICE,
    setUp: async () => {},
    make: (c) => c.put(`${SERVICE}/src/bin/._tool.rs`, 'x\n'),
  },
  {
    checkout: 'of any kind',
    change: 'cargo is told how to reach the network and what to print',
    misses: NONE,
    setUp: async () => {},
    make: cargoConfig('[net]\nretry = 3\n[term]\nverbose = true\n'),
  },
  {
    checkout: 'of any kind',
    change: 'cargo is told how to compile',
    misses: ALL,
    setUp: async () => {},
    make: cargoConfig('[net]\nretry = 3\n[profile.dev]\nopt-level = 1\n'),
  },
];

describe('in an odd checkout', () => {
  let checkout: Checkout;
  before(async () => {
    checkout = await cachingCheckout({ cargo: 'stand-in' });
  });
  after(() => checkout[Symbol.asyncDispose]());
  for (const { checkout: kind, change, misses, setUp, make } of rows) {
    test(`${kind}, ${change}: ${misses.join(', ') || 'all hit'}`, async () => {
      try {
        const place = (await setUp(checkout)) ?? {};
        const earlier = await checkout.fingerprints(place);
        await make(checkout);
        const now = await checkout.fingerprints(place);
        const changed = gateIds.filter((gate) => {
          const [a, b] = [earlier.get(gate), now.get(gate)];
          assert.ok(a && 'id' in a, JSON.stringify(a));
          return !(b && 'id' in b && a.id === b.id);
        });
        assert.deepEqual(changed, misses);
      } finally {
        await rename(outer(checkout), `${outer(checkout)}-${Math.random()}`).catch(() => {});
        await checkout.restore();
      }
    });
  }
});

describe('variables that only say how a program was started', () => {
  const rows: [string, Record<string, string>][] = [
    ['PYTHONUNBUFFERED', { PYTHONUNBUFFERED: '1' }],
    ['an empty LD_LIBRARY_PATH', { LD_LIBRARY_PATH: '' }],
    [
      'what cargo run sets',
      {
        CARGO: '/root/.rustup/toolchains/stable/bin/cargo',
        CARGO_MANIFEST_DIR: '/somewhere',
        CARGO_MANIFEST_PATH: '/somewhere/Cargo.toml',
        CARGO_PKG_NAME: 'deployer',
        CARGO_PKG_VERSION_MAJOR: '1',
        CARGO_PRIMARY_PACKAGE: '1',
        CARGO_BIN_NAME: 'deployer',
        CARGO_CRATE_NAME: 'deployer',
        CARGO_MAKEFLAGS: '-j --jobserver-fds=3,4',
        OUT_DIR: '/somewhere/target/debug/build/deployer-1/out',
        RUST_RECURSION_COUNT: '1',
        LD_LIBRARY_PATH: '/somewhere/target/debug/deps:/somewhere/target/debug:/r/toolchains/stable/lib',
      },
    ],
  ];
  for (const [what, env] of rows) {
    test(`${what}: all hit`, async () => {
      await using checkout = await cachingCheckout({ cargo: 'stand-in' });
      const [plain, started] = [await checkout.fingerprints(), await checkout.fingerprints({ env })];
      for (const gate of gateIds) assert.deepEqual(started.get(gate), plain.get(gate));
    });
  }
});
