import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { gateIds } from '@deploy/gates';
import {
  type Fingerprint,
  type FingerprintOrWhyNot,
  findGate,
  fingerprintGates,
  type Gate,
  type GateId,
  touchedBetween,
  verificationGates,
} from '@deploy/gates/inputs';
import { type SmallCheckout, smallCheckout } from './support/small-checkout.ts';

const NONE: GateId[] = [];
const ALL: GateId[] = [...gateIds];
const OF_SERVICE: GateId[] = ['cargo-test', 'perf-budget'];
const OF_WEB: GateId[] = ['wasm-check', 'sw-policy', 'perf-budget'];
const SCRIPTS: GateId[] = ['sw-policy', 'perf-budget'];

type Taken = ReadonlyMap<GateId, FingerprintOrWhyNot>;
type Setting = Parameters<SmallCheckout['fingerprints']>[0];

function idsOf(taken: Taken): Map<GateId, string> {
  return new Map(
    [...taken].map(([gate, each]) => [gate, 'id' in each ? each.id : `unknown: ${each.unknown}`]),
  );
}

function established(taken: Taken, gate: GateId): Fingerprint {
  const found = taken.get(gate);
  assert.ok(found !== undefined && 'id' in found, JSON.stringify(found));
  return found;
}

const edit = (path: string) => (c: SmallCheckout) => c.put(path, '// two\n');

// First what looks at whole fingerprints: it notices most of what could be wrong, and sooner than the tables below.
test('a fingerprint is that of its inputs, in order, whatever the order they were found in', async () => {
  await using checkout = await smallCheckout();
  const env = { RUSTFLAGS: '-g', OA_FIRST: '1', CC_b: 'x', CC_a: 'y' };
  const taken = await checkout.fingerprints({ env });
  const { id, inputs, crates, changedAt } = established(taken, 'sw-policy');
  assert.equal(inputs.command, 'web/scripts/sw-policy-verify.sh');
  assert.equal(
    established(taken, 'cargo-test').inputs.command,
    'cargo test --manifest-path service/Cargo.toml',
  );
  for (const each of [inputs.files, inputs.tools, inputs.variables, inputs.configuration]) {
    const names = [...each.keys()];
    assert.deepEqual(names, names.toSorted());
  }
  assert.deepEqual([...inputs.tools.keys()], ['cargo', 'python3']);
  assert.equal(inputs.tools.get('python3'), '3.13.0');
  assert.deepEqual(
    [...inputs.files.keys()],
    [
      '../beside/common.sh',
      '../outside/Cargo.toml',
      'Cargo.lock',
      'Cargo.toml',
      'crates/kit/Cargo.toml',
      'crates/model/Cargo.toml',
      'crates/model/src/lib.rs',
      'service/Cargo.toml',
      'shared/limits.sh',
      'web/Cargo.toml',
      'web/scripts/perf-budget-gate.sh',
      'web/scripts/sw-policy-verify.sh',
      'web/src/lib.rs',
    ],
  );
  const parts = [inputs.variables, inputs.tools, inputs.files, inputs.configuration];
  const all = [2, inputs.command, ...parts.map((each) => [...each])];
  assert.equal(id, hash('sha256', JSON.stringify(all)));
  assert.deepEqual(
    crates.map(({ names }) => names),
    [['web', 'crates/model']],
  );
  assert.ok((changedAt.get('Cargo.lock') ?? 0) > 0);
});

test('a crate outside of the root is one input, also beside a root whose name its own begins with', async () => {
  await using checkout = await smallCheckout();
  await checkout.use('../checkout-kit', 'service');
  const { files } = established(await checkout.fingerprints(), 'cargo-test').inputs;
  assert.deepEqual(
    [...files.keys()],
    [
      '../checkout-kit',
      '../checkout-kit/Cargo.toml',
      '../outside',
      '../outside/Cargo.toml',
      'Cargo.lock',
      'Cargo.toml',
      'crates/kit/Cargo.toml',
      'crates/kit/src/lib.rs',
      'crates/model/Cargo.toml',
      'crates/model/src/lib.rs',
      'service/Cargo.toml',
      'service/src/lib.rs',
      'web/Cargo.toml',
    ],
  );
});

test('with a crate in the root, everything in the checkout is an input of the gates that build it', async () => {
  await using checkout = await smallCheckout();
  await checkout.use('.', 'web');
  const before = idsOf(await checkout.fingerprints());
  await checkout.put('target/debug/x', 'two');
  assert.deepEqual(idsOf(await checkout.fingerprints()), before);
  await checkout.put('docs/read-me.txt', 'two\n');
  const taken = await checkout.fingerprints();
  const after = idsOf(taken);
  assert.deepEqual(
    ALL.filter((gate) => before.get(gate) !== after.get(gate)),
    OF_WEB,
  );
  const { files } = established(taken, 'wasm-check').inputs;
  for (const file of ['docs/read-me.txt', 'src/lib.rs', 'service/src/lib.rs']) assert.ok(files.has(file));
});

test('packages installed in several folders above the web shell are an input each', async () => {
  await using checkout = await smallCheckout();
  const folders = ['../', ''];
  for (const folder of folders) await checkout.put(`${folder}node_modules/.package-lock.json`, '{}\n');
  for (const folder of folders) {
    const before = established(await checkout.fingerprints(), 'sw-policy');
    await checkout.put(`${folder}node_modules/.package-lock.json`, '{ }\n');
    const after = established(await checkout.fingerprints(), 'sw-policy');
    assert.notEqual(after.id, before.id);
    assert.deepEqual(touchedBetween(before, after), [`${folder}node_modules/`]);
  }
});

test('a tool that a script calls and this machine lacks is an input as well', async () => {
  await using checkout = await smallCheckout();
  await checkout.put('web/scripts/sw-policy-verify.sh', 'wasm-pack build\n');
  const { tools } = established(
    await checkout.fingerprints({ env: { PATH: `${checkout.home}/tools:/usr/bin:/bin` } }),
    'sw-policy',
  ).inputs;
  assert.equal(tools.get('wasm-pack'), 'missing');
  // The target's standard library is none: with it, the verdict would be no other.
  assert.deepEqual([...tools.keys()], ['cargo', 'wasm-pack']);
});

test('for no gates nothing is looked at, not even the checkout', async () => {
  const checkout = { root: '/no/such/checkout', serviceDir: 'service', webShellDir: 'web' };
  const gateEnvOf = () => assert.fail('no gate was named');
  assert.equal((await fingerprintGates([], { checkout, gateEnvOf })).size, 0);
});

test('a mistake of ours is no reason to go without a fingerprint: it is thrown', async () => {
  await using small = await smallCheckout();
  const mistake = new TypeError('ours');
  const gateEnvOf = ({ id }: Gate) => {
    if (id === 'wasm-check') throw mistake;
    return { HOME: small.home, PATH: `${small.home}/tools:${process.env.PATH}` };
  };
  const checkout = { root: small.root, serviceDir: 'service', webShellDir: 'web' };
  await assert.rejects(fingerprintGates(verificationGates, { checkout, gateEnvOf }), mistake);
});

test('one gate has its own fingerprint alone', async () => {
  await using checkout = await smallCheckout();
  const all = await checkout.fingerprints();
  const one = await checkout.fingerprints({ gates: [findGate('perf-budget')] });
  assert.deepEqual([...one.keys()], ['perf-budget']);
  assert.equal(established(one, 'perf-budget').id, established(all, 'perf-budget').id);
});

test('what was touched between two fingerprints is named, though it reads as before', async () => {
  await using checkout = await smallCheckout();
  const before = established(await checkout.fingerprints(), 'cargo-test');
  assert.deepEqual(touchedBetween(before, before), []);
  await checkout.put('service/src/lib.rs', '// one\n');
  await checkout.put('service/src/new.rs', '// new\n');
  await checkout.put('Cargo.lock', '# two\n');
  await checkout.put('.cargo/config.toml', '[build]\nrustflags = ["-g"]\n');
  await checkout.remove('crates/kit/src/lib.rs');
  const after = established(await checkout.fingerprints({ env: { RUSTFLAGS: '-g' } }), 'cargo-test');
  assert.equal(before.inputs.files.get('service/src/lib.rs'), after.inputs.files.get('service/src/lib.rs'));
  const touched = [
    '.cargo/config.toml',
    'Cargo.lock',
    'crates/kit/src/lib.rs',
    'service/src/lib.rs',
    'service/src/new.rs',
    'variable RUSTFLAGS',
  ];
  assert.deepEqual(touchedBetween(before, after), touched);
  assert.deepEqual(touchedBetween(after, before), touched);
});

/** Of another checkout, in another place: it is the same for every one that nobody has changed. */
const unchanged = (async () => {
  await using checkout = await smallCheckout();
  return idsOf(await checkout.fingerprints());
})();

describe('a fingerprint changes', { concurrency: 4 }, () => {
  const rows: [
    change: string,
    misses: GateId[],
    make: (c: SmallCheckout) => Promise<Setting> | Promise<void>,
  ][] = [
    ['with a file of the service', OF_SERVICE, edit('service/src/lib.rs')],
    ['with a new file of the service', OF_SERVICE, edit('service/src/new.rs')],
    ['with a file of the web shell', OF_WEB, edit('web/src/lib.rs')],
    ['with a crate that both use', ALL, edit('crates/model/src/lib.rs')],
    ["with a crate that only the service's tests use", OF_SERVICE, edit('crates/kit/src/lib.rs')],
    ['with a crate outside the checkout', OF_SERVICE, edit('../outside/src/lib.rs')],
    [
      'with the manifest of a crate outside, which cargo always reads',
      ALL,
      (c) => c.put('../outside/Cargo.toml', '[package]\nname = "y"\n'),
    ],
    [
      'with the manifest of another member',
      ALL,
      (c) => c.put('crates/kit/Cargo.toml', '[package]\nname = "y"\n'),
    ],
    ['with the lock file', ALL, (c) => c.put('Cargo.lock', '# two\n')],
    ['with the manifest of the workspace', ALL, (c) => c.put('Cargo.toml', '[workspace]\n# two\n')],
    ['not with what no gate reads', NONE, edit('docs/read-me.txt')],
    ['not with what cargo builds', NONE, edit('target/debug/x')],
    [
      'not with what cargo builds into the folder of a package',
      NONE,
      async (c) => {
        await c.buildInto('service/target');
        await c.put('service/target/debug/x', 'two');
      },
    ],
    ['not with what the web shell builds', NONE, edit('web/dist/x.js')],
    [
      'not with a report of a deployment',
      NONE,
      edit('service/docs/reports/2026-01-01-staging-deploy-report.md'),
    ],
    [
      'not with a report of a deployment to production',
      NONE,
      edit('service/docs/reports/20260101T000000Z-production-deploy-report.md'),
    ],
    ['with a file that only a script names', ['sw-policy'], (c) => c.put('shared/limits.sh', '# two\n')],
    [
      'with a file outside that only a script names',
      ['sw-policy'],
      (c) => c.put('../beside/common.sh', '# two\n'),
    ],
    ['with the version that a file above chooses', SCRIPTS, (c) => c.put('../.node-version', '24\n')],
    ['with the version that a file in the root chooses', SCRIPTS, (c) => c.put('.nvmrc', '24\n')],
    ...['.python-version', '.tool-versions', 'mise.toml', '.mise.toml'].map((name): (typeof rows)[number] => [
      `with ${name} in the root`,
      SCRIPTS,
      (c) => c.put(name, '24\n'),
    ]),
    [
      'with packages installed above the web shell',
      SCRIPTS,
      (c) => c.put('../node_modules/.package-lock.json', '{}\n'),
    ],
    ['with packages installed in the root', SCRIPTS, (c) => c.put('node_modules/.package-lock.json', '{}\n')],
    ['with the compiler', ALL, (c) => c.tool('rustc', 'echo rustc 1.91.0')],
    ['with a tool that a script calls', ['sw-policy'], (c) => c.tool('python3', 'echo Python 3.14.0')],
    [
      'with cargo, where that is a script',
      ALL,
      (c) => c.tool('cargo', 'exec cat "$HOME/metadata.json" # two'),
    ],
    [
      'with the configuration of cargo',
      ALL,
      (c) => c.put('.cargo/config.toml', '[build]\nrustflags = ["-g"]\n'),
    ],
    [
      "with the configuration of cargo in one package's folder",
      OF_SERVICE,
      (c) => c.put('service/.cargo/config.toml', '[build]\nrustflags = ["-g"]\n'),
    ],
    ['with a toolchain file', ALL, (c) => c.put('rust-toolchain', 'nightly\n')],
    ['with a variable that steers cargo', ALL, async () => ({ env: { RUSTFLAGS: '-g' } })],
    ['with a variable that steers measurements', SCRIPTS, async () => ({ env: { LATENCY_ROUNDS: '3' } })],
    ['not with a variable that steers nothing', NONE, async () => ({ env: { SOMETHING: '3', USER: 'x' } })],
    [
      'not with an extra input that is not there',
      ALL,
      async () => ({ extraInputs: [{ gate: undefined, path: 'docs/none.txt' }] }),
    ],
    [
      'with an extra input of every gate',
      ALL,
      async () => ({ extraInputs: [{ gate: undefined, path: 'docs/read-me.txt' }] }),
    ],
    [
      'with an extra input of one gate',
      ['wasm-check'],
      async () => ({ extraInputs: [{ gate: 'wasm-check', path: 'docs/read-me.txt' }] }),
    ],
    [
      'with an extra input that the checkout lists',
      ['cargo-test'],
      (c) => c.put('.gates-inputs', 'cargo-test:docs/read-me.txt\n'),
    ],
  ];
  for (const [change, misses, make] of rows) {
    test(change, async () => {
      const before = await unchanged;
      await using checkout = await smallCheckout();
      const setting = (await make(checkout)) ?? {};
      const after = idsOf(await checkout.fingerprints(setting));
      assert.deepEqual([...after.keys()], ALL);
      assert.deepEqual(
        ALL.filter((gate) => before.get(gate) !== after.get(gate)),
        misses,
      );
      for (const id of after.values()) assert.match(id, /^[0-9a-f]{64}$/);
    });
  }
});

describe('there is no fingerprint, and the reason is told', { concurrency: 4 }, () => {
  const everywhere = (why: string) => Object.fromEntries(ALL.map((gate) => [gate, why]));
  const rows: [
    name: string,
    make: (c: SmallCheckout) => Promise<Setting> | Promise<void>,
    why: (c: SmallCheckout) => Record<string, string>,
  ][] = [
    [
      'without a lock file',
      (c) => c.remove('Cargo.lock'),
      () => everywhere('there is no Cargo.lock in the root'),
    ],
    [
      'of a package that cargo does not know',
      (c) => c.forget('service'),
      ({ root }) =>
        Object.fromEntries(
          OF_SERVICE.map((gate) => [gate, `cargo metadata knows no package in ${root}/service`]),
        ),
    ],
    [
      'without metadata',
      (c) => c.put('../metadata.json', 'nothing\n'),
      () => everywhere('cargo metadata printed something that is not metadata'),
    ],
    ['with a compiler that fails', (c) => c.tool('rustc', 'exit 1'), () => everywhere('rustc -vV fails')],
    [
      'with a line that names no input',
      (c) => c.put('.gates-inputs', 'no-gate:x\n'),
      () => everywhere('.gates-inputs has "no-gate:x": there is no gate no-gate'),
    ],
    [
      'with a configuration that hides what is built',
      (c) => c.put('service/.cargo/config.toml', 'paths = ["x"]\n'),
      ({ root }) =>
        Object.fromEntries(
          OF_SERVICE.map((gate) => [
            gate,
            `cargo is configured with [paths] in ${root}/service/.cargo/config.toml`,
          ]),
        ),
    ],
  ];
  for (const [name, make, why] of rows) {
    test(name, async () => {
      await using checkout = await smallCheckout();
      const setting = (await make(checkout)) ?? {};
      const taken = await checkout.fingerprints(setting);
      const unknown = [...taken].flatMap(([gate, each]) => ('unknown' in each ? [[gate, each.unknown]] : []));
      assert.deepEqual(Object.fromEntries(unknown), why(checkout));
      assert.equal(taken.size, ALL.length);
    });
  }
});
