import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot, runCommand, UserError } from '@deploy/cli';
import { gateIds, requirePassed } from '@deploy/gates';
import { freePort } from '../support/free-port.ts';
import { without } from '../support/needs.ts';
import { type Checkout, cachingCheckout, SERVICE, states, WEB } from './support/caching-checkout.ts';

// Where rustup has its toolchains: a home of one's own has none.
const rustupHome = process.env.RUSTUP_HOME ?? join(homedir(), '.rustup');
const all = (state: string): string[] => gateIds.map((gate) => `${gate} ${state}`);
const BROKEN = '\n#[test]\nfn broken() { assert_eq!(1 + 1, 3); }\n';
const noCargo = await without('a cargo');
// An older cargo ignores the variable for a build folder, and builds where it always does.
const { stdout: version } = await runCommand(['cargo', '--version']);
const noBuildFolder =
  Number(/^cargo 1\.(\d+)/.exec(version)?.[1] ?? 0) < 91 && 'a build folder of its own takes cargo 1.91';
const PERF = join(WEB, 'scripts/perf-budget-gate.sh');
const POLICY = join(WEB, 'scripts/sw-policy-verify.sh');

/** Each test goes on from where the one before it left the checkout. */
describe('verdicts of the real gates, in the life of one checkout', () => {
  let checkout: Checkout;
  before(async () => {
    checkout = await cachingCheckout();
    // Git does not bring it, and a build reads it.
    await checkout.add('.gitignore', '!generated.rs\n');
    await checkout.git('add', '-A');
    await checkout.git('commit', '-qm', 'Everything that is built is in git');
  });
  after(() => checkout[Symbol.asyncDispose]());

  test('a failure is never one of them; what does not depend on it goes on, what does is not run', {
    skip: noCargo,
  }, async () => {
    await checkout.add(`${SERVICE}/src/lib.rs`, BROKEN);
    await checkout.add(`${WEB}/src/lib.rs`, '\nfn broken( {\n');
    for (const _ of ['first', 'again']) {
      const run = await checkout.run();
      assert.deepEqual(states(run), [
        'cargo-test failed',
        'wasm-check failed',
        'sw-policy not-run',
        'perf-budget not-run',
      ]);
      assert.throws(
        () => requirePassed(run),
        (error) =>
          error instanceof UserError &&
          error.exitCode === 101 &&
          /sw-policy, perf-budget/.test(error.hint ?? ''),
      );
    }
    await checkout.restore();
  });

  test('are replayed with their log, and tell where they come from', async () => {
    const first = await checkout.run();
    assert.deepEqual(states(first), all('miss'));
    const second = await checkout.run();
    assert.deepEqual(states(second), all('hit'));
    const ofCargo = noCargo === false ? 'test result: ok. 2 passed' : 'stand-in for: cargo test';
    for (const line of [ofCargo, 'sw-policy: ok', 'perf-budget: ok']) {
      assert.ok(first.text.includes(line) && second.text.includes(line), line);
    }
    const commit = (await checkout.git('rev-parse', '--short=12', 'HEAD')).trim();
    for (const result of second.results) {
      assert.ok(result.state === 'passed');
      assert.match(result.source, /^local cache; first established \S+Z on \S+ at commit [0-9a-f]{12}$/);
      assert.ok(result.source.endsWith(commit));
    }
    requirePassed(second);
  });

  test('hold in a second clone elsewhere, under another home and umask, with other reports and leftovers', async () => {
    assert.ok((await readdir(checkout.at(`${WEB}/perf`))).some((name) => name.startsWith('signoff-')));
    const theirs = await checkout.clone('another/person/here', '0077');
    await checkout.putAt(
      join(theirs.env.HOME ?? '', '.cargo/config.toml'),
      '[net]\ngit-fetch-with-cli = true\n',
    );
    await checkout.putAt(join(theirs.root, SERVICE, 'src/.DS_Store'), 'x');
    await checkout.putAt(join(theirs.root, WEB, 'perf/latest.json'), '{}');
    const env = { ...theirs.env, CARGO_HOME: undefined, RUSTUP_HOME: rustupHome, LANG: 'de_DE.UTF-8' };
    const run = await checkout.run({ root: theirs.root, env });
    assert.deepEqual(states(run), all('hit'), run.text);
  });

  test('do not hold when something changed that a build has read elsewhere: a file that include_str! takes in, a variable that option_env! does', {
    skip: noCargo,
  }, async () => {
    const missed = async (env: Record<string, string> = {}): Promise<string[]> =>
      (await checkout.explain({ env })).flatMap(({ gate, expect }) => (expect === 'miss' ? [gate] : []));
    assert.deepEqual(await missed(), []);
    await checkout.add('docs/guide.txt', '\n');
    assert.deepEqual(await missed(), [], 'no build reads it');
    assert.deepEqual(await missed({ USER: 'somebody' }), ['cargo-test', 'perf-budget']);
    await checkout.add('docs/openapi.txt', '\n');
    assert.deepEqual(await missed(), ['cargo-test', 'perf-budget']);
    await checkout.restore();
  });

  test('a budget that is exceeded fails although the same files have passed', async () => {
    const choices = { selected: ['perf-budget'] as const };
    assert.deepEqual(states(await checkout.run({ choices })), ['perf-budget hit']);
    const run = await checkout.run({ choices, env: { JS_BUDGET_BYTES: '10' } });
    assert.deepEqual(states(run), ['perf-budget failed']);
  });

  test('what cargo builds in a folder of its own is looked at there', {
    skip: noCargo || noBuildFolder,
  }, async () => {
    // What was built before tells of the same file, and the variable is no part of a fingerprint.
    await checkout.remove('target');
    const choices = { selected: ['cargo-test'] as const };
    const env = {
      CARGO_BUILD_BUILD_DIR: join(checkout.home, 'built'),
      TURBO_CACHE_DIR: join(checkout.home, 'turbo-of-built'),
    };
    const built = await checkout.run({ choices, env });
    assert.deepEqual(states(built), ['cargo-test miss']);
    assert.deepEqual(states(await checkout.run({ choices, env })), ['cargo-test hit']);
    await checkout.add('docs/openapi.txt', 'one more\n');
    const run = await checkout.run({ choices, env });
    assert.match(
      run.text,
      /is not used: something that the build reads outside its crates has changed: docs\/openapi\.txt/,
    );
    assert.deepEqual(states(run), ['cargo-test miss']);
  });
});

describe('cached verdicts', { concurrency: 2 }, () => {
  test('are not used when they are too old, or when all are to run', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await checkout.run({ choices: { selected: ['wasm-check'] } });
    const choices = { selected: ['wasm-check'] as const };
    const old = await checkout.run({ choices: { ...choices, maxAgeMs: 1 } });
    assert.deepEqual(states(old), ['wasm-check miss']);
    assert.match(old.text, /wasm-check: its cached verdict is not used: it dates from \S+Z, older than/);
    assert.deepEqual(states(await checkout.run({ choices: { ...choices, force: true } })), [
      'wasm-check miss',
    ]);
    assert.deepEqual(states(await checkout.run({ choices })), ['wasm-check hit']);
  });

  test("a gate that prints what turbo's summary is announced with, or ends as the runner does, neither gets another verdict nor loses a file", async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const forged = join(checkout.root, '../forged.json');
    const execution = { exitCode: 0, startTime: 0, endTime: 1 };
    await writeFile(
      forged,
      JSON.stringify({ tasks: [{ task: 'sw-policy', cache: { status: 'MISS' }, execution }] }),
    );
    const choices = { selected: ['sw-policy'] as const };
    await checkout.add(POLICY, `\necho 'Summary:   ${forged}'; exit 75\n`);
    const failed = await checkout.run({ choices });
    assert.deepEqual(states(failed), ['sw-policy failed']);
    await checkout.restore();
    await checkout.add(POLICY, `\necho 'Summary:   ${forged}'\n`);
    const passed = await checkout.run({ choices });
    assert.deepEqual(states(passed), ['sw-policy miss']);
    assert.match(await readFile(forged, 'utf8'), /sw-policy/);
  });

  test('a gate during which an input changed has passed, and its verdict is not kept', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await checkout.add(POLICY, '\necho "// later" >> host/index.html\n');
    const choices = { selected: ['sw-policy'] as const };
    const run = await checkout.run({ choices });
    assert.deepEqual(states(run), ['sw-policy miss']);
    assert.match(run.text, /sw-policy: passed, but its verdict is not kept.*host\/index\.html/);
    requirePassed(run);
    assert.deepEqual(states(await checkout.run({ choices })), ['sw-policy miss']);
  });

  test('an input that was edited and edited back while a gate ran: it has passed, and its verdict is not kept', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await checkout.add(
      POLICY,
      '\ncp host/index.html ../kept; echo other > host/index.html; cat ../kept > host/index.html; rm ../kept\n',
    );
    const choices = { selected: ['sw-policy'] as const };
    const run = await checkout.run({ choices });
    assert.deepEqual(states(run), ['sw-policy miss']);
    assert.match(run.text, /passed, but its verdict is not kept.*while it ran: \S*host\/index\.html/);
    assert.deepEqual(states(await checkout.run({ choices })), ['sw-policy miss']);
  });

  test('a gate that measures refuses to measure what listens there already', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    // Nobody else is given it once it is free again.
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const asked = {
      choices: { selected: ['perf-budget'] as const },
      env: { OA_CONTROL_BIND_ADDR: `127.0.0.1:${port}` },
    };
    const refused = await checkout.run(asked);
    assert.deepEqual(states(refused), ['perf-budget failed']);
    assert.match(refused.text, new RegExp(`^port ${port} is taken: perf-budget would measure`, 'm'));
    server.close();
    await once(server, 'close');
    assert.deepEqual(states(await checkout.run(asked)), ['perf-budget miss']);
  });

  test('a gate that leaves its service running has passed, and its verdict is not kept', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const [pidFile, portFile] = [join(checkout.home, 'pid'), join(checkout.home, 'port')];
    const port = await freePort();
    await checkout.put(
      PERF,
      `#!/bin/sh
node -e "require('net').createServer().listen(${port}, '127.0.0.1', () => require('fs').writeFileSync('${portFile}', ''))" > '${pidFile}.log' 2>&1 &
echo $! > '${pidFile}'
while [ ! -f ${portFile} ]; do sleep 0.05; done
`,
    );
    const run = await checkout.run({
      choices: { selected: ['perf-budget'] },
      env: { OA_CONTROL_BIND_ADDR: `127.0.0.1:${port}` },
    });
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
    assert.deepEqual(states(run), ['perf-budget miss'], run.text);
    assert.match(
      run.text,
      new RegExp(`not kept.*something still listened on port ${port} after it had ended`),
    );
  });

  test('a gate that leaves something running that holds its output open has ended, and its verdict is not kept', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const pidFile = join(checkout.home, 'pid');
    await checkout.put(
      POLICY,
      `#!/bin/sh
sleep 1000 &
echo $! > '${pidFile}'
printf 'the last words'
`,
    );
    const run = await checkout.run({ choices: { selected: ['sw-policy'] } });
    // It was left alone: this would throw if it were gone.
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
    assert.deepEqual(states(run), ['sw-policy miss'], run.text);
    assert.match(run.text, /^the last words$/m);
    assert.match(run.text, /^note: a process that sw-policy left running holds its output open/m);
    assert.match(run.text, /not kept.*a process that it had started was still running after it had ended/);
  });

  test('a cache that cannot be written to is a warning', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await writeFile(join(checkout.home, 'file'), '');
    const run = await checkout.run({
      choices: { selected: ['sw-policy'] },
      env: { TURBO_CACHE_DIR: join(checkout.home, 'file/cache') },
    });
    assert.deepEqual(states(run), ['sw-policy miss'], run.text);
    assert.match(
      run.text,
      /^warning: turbo cannot use its cache, so nothing of sw-policy is kept \(.*directory/m,
    );
    requirePassed(run);
    await checkout.putAt(join(checkout.home, 'turbo/verdicts'), 'a file where a folder should be');
    const noted = await checkout.run({ choices: { selected: ['sw-policy'] } });
    assert.deepEqual(states(noted), ['sw-policy miss'], noted.text);
    assert.match(noted.text, /^warning: gates\.ts --explain will not know .* \((?:ENOTDIR|EEXIST)/m);
    requirePassed(noted);
  });

  test('a gate gets what steers it and what the machine needs, and neither secrets nor anything else', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await checkout.add(POLICY, '\nenv | sed "s/^/has /"\n');
    const env = {
      RUSTFLAGS: '-Dwarnings',
      LATENCY_SAMPLES: '3',
      WORKOS_API_KEY: 'canary-1',
      CARGO_REGISTRY_TOKEN: 'canary-2',
      FAVOURITE_COLOUR: 'canary-3',
      LANG: 'canary-4',
    };
    const { text } = await checkout.run({ choices: { selected: ['sw-policy'] }, env });
    assert.match(text, /^has RUSTFLAGS=-Dwarnings$/m);
    assert.match(text, /^has LATENCY_SAMPLES=3$/m);
    assert.match(text, /^has PATH=/m);
    assert.doesNotMatch(text, /canary|^has (?:TURBO|GATES|npm)_/m);
  });

  test('two runs at once from one project keep their verdicts apart, and what was not selected is left out', async () => {
    await using one = await cachingCheckout({ cargo: 'stand-in' });
    await using two = await cachingCheckout({ cargo: 'stand-in' });
    const env = { TURBO_CACHE_DIR: one.env.TURBO_CACHE_DIR };
    await two.add(POLICY, '\nexit 3\n');
    const both = { selected: ['sw-policy', 'perf-budget'] as const };
    const choices = { selected: ['sw-policy'] as const };
    const [good, bad] = await Promise.all([one.run({ choices: both }), two.run({ choices, env })]);
    assert.deepEqual(states(good), ['sw-policy miss', 'perf-budget miss']);
    assert.deepEqual(good.leftOut, ['cargo-test', 'wasm-check']);
    assert.deepEqual(states(bad), ['sw-policy failed']);
    assert.deepEqual(states(await one.run({ choices: both })), ['sw-policy hit', 'perf-budget hit']);
    assert.deepEqual(states(await two.run({ choices, env })), ['sw-policy failed']);
  });
});

describe("turbo's traps", { concurrency: 2 }, () => {
  test('a secret that a gate prints is in nothing that turbo stores', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const token = 'canary-5d41402abc4b2a76';
    await checkout.add(POLICY, `\necho "the token is ${token}"\n`);
    const env = { MAINTENANCE_BYPASS_TOKEN: token };
    const choices = { selected: ['sw-policy'] as const };
    const run = await checkout.run({ choices, env });
    assert.deepEqual(states(run), ['sw-policy miss']);
    assert.match(run.text, /the token is <redacted>/);
    assert.match((await checkout.run({ choices, env })).text, /the token is <redacted>/);
    const log = join(projectRoot, 'packages/gates/.turbo/turbo-sw-policy.log');
    assert.doesNotMatch(await readFile(log, 'utf8').catch(() => ''), new RegExp(token));
    const stored = await readdir(join(checkout.home, 'turbo'));
    assert.ok(stored.length > 0);
    for (const name of stored.filter((each) => each.endsWith('.zst'))) {
      const bytes = await unpacked(join(checkout.home, 'turbo', name));
      assert.ok(bytes.includes('redacted') && !bytes.includes(token), name);
    }
  });

  test('inputs that git does not list, because it ignores their whole folder: a change in them is seen all the same', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    // Git shows nothing of a folder that it ignores as a whole and was never told of.
    await checkout.add('.gitignore', 'apps/openagents.com/web-shell/\n');
    await checkout.git('rm', '-rq', '--cached', WEB);
    await checkout.git('commit', '-qam', 'The web shell is ignored');
    await rm(checkout.at('target'), { recursive: true, force: true });
    const choices = { selected: ['wasm-check'] as const };
    assert.deepEqual(states(await checkout.run({ choices })), ['wasm-check miss']);
    assert.deepEqual(states(await checkout.run({ choices })), ['wasm-check hit']);
    await checkout.add(`${WEB}/src/lib.rs`, '\n// changed\n');
    assert.deepEqual(states(await checkout.run({ choices })), ['wasm-check miss']);
  });

  test('without git nothing says at which commit a verdict was established: the gate runs every time, and says why', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await rm(checkout.at('.git'), { recursive: true });
    const choices = { selected: ['wasm-check'] as const };
    for (const _ of ['first', 'again']) {
      const run = await checkout.run({ choices });
      assert.deepEqual(states(run), ['wasm-check miss']);
      const [result] = run.results;
      assert.match(
        result?.state === 'passed' ? result.source : '',
        /^this run, and not kept: git cannot tell which commit/,
      );
    }
  });

  test('a hit whose record is gone or is of something else is no verdict', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const choices = { selected: ['sw-policy'] as const };
    await checkout.run({ choices });
    const folder = join(checkout.home, 'turbo');
    for (const name of await readdir(folder)) {
      if (name.endsWith('.zst')) await writeFile(join(folder, name), await emptyArchive());
    }
    const run = await checkout.run({ choices });
    assert.deepEqual(states(run), ['sw-policy miss']);
    assert.match(run.text, /sw-policy: its cached verdict is not used: its record is missing/);
  });

  test('a task that turbo has not started is not taken for one that has passed', () => {
    const notStarted = {
      results: [{ gate: 'cargo-test', state: 'not-run' } as const],
      leftOut: [],
      complaint: 'x',
    };
    assert.throws(() => requirePassed(notStarted), /turbo did not run cargo-test: x/);
  });
});

/** A turbo artifact as text: a tar file in Zstandard. */
async function unpacked(file: string): Promise<string> {
  const { zstdDecompressSync } = await import('node:zlib');
  return zstdDecompressSync(await readFile(file)).toString('latin1');
}

/** A tar file without entries, in Zstandard. */
async function emptyArchive(): Promise<Buffer> {
  const { zstdCompressSync } = await import('node:zlib');
  return zstdCompressSync(Buffer.alloc(1024));
}
