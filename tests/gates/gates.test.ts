import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { type Output, projectRoot, UserError, withFileLock } from '@deploy/cli';
import { type GateRun, requirePassed, runGates, runWebShellBuild } from '@deploy/gates';
import type { VerificationRequest } from '@deploy/gates/inputs';
import { type SampleCheckout, sampleCheckout } from '@deploy/rehearsal/stage';
import { pressCtrlC } from '../support/ctrl-c.ts';
import { without } from '../support/needs.ts';
import { COMPILE_CACHE, runScriptProcess } from '../support/run-script.ts';
import { type StandInTools, standInTools } from '../support/stand-in-tools.ts';
import { UNUSED_ADDRESS } from '../support/unused-address.ts';

const places = { serviceDir: 'apps/openagents.com/service', webShellDir: 'apps/openagents.com/web-shell' };
const BUILD = join(places.webShellDir, 'build-dist.sh');
const SW_POLICY = join(places.webShellDir, 'scripts/sw-policy-verify.sh');
const PERF = join(places.webShellDir, 'scripts/perf-budget-gate.sh');

type Line = { stream: 'stdout' | 'stderr'; text: string };

/** A request for gates in that checkout, with these tools in front, that keeps the lines it is given. */
function request(
  { root }: SampleCheckout,
  { tools, env = {} }: { tools?: StandInTools; env?: Record<string, string> } = {},
): VerificationRequest & { lines: Line[]; text(): string } {
  const lines: Line[] = [];
  const out: Output = {
    data: (text) => lines.push({ stream: 'stdout', text }),
    note: (text) => lines.push({ stream: 'stderr', text }),
    verbatim: (text) => lines.push({ stream: 'stderr', text }),
  };
  const path = [tools?.folder, process.env.PATH].filter((part) => part !== undefined).join(':');
  return {
    checkout: { root, ...places },
    env: { ...UNUSED_ADDRESS, PATH: path, HOME: process.env.HOME, ...env },
    choices: { selected: undefined, force: false, maxAgeMs: 60_000, passed: [], extraInputs: [] },
    stopAtFirst: true,
    out,
    lines,
    text: () => lines.map(({ text }) => text).join('\n'),
  };
}

const states = ({ results }: GateRun): string[] => results.map(({ gate, state }) => `${gate} ${state}`);

describe('gates on the sample checkout, with the real tools', () => {
  test('the build and the web-shell gates pass, and really look: a broken service worker fails its gate', async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({ cargo: 'echo "stub cargo $*"' });
    const asked = (): ReturnType<typeof request> => {
      const all = request(checkout, { tools });
      return { ...all, choices: { ...all.choices, selected: ['sw-policy', 'perf-budget'] } };
    };
    const built = asked();
    requirePassed(await runWebShellBuild(built));
    assert.ok(existsSync(join(checkout.root, places.webShellDir, 'dist/manifest.json')));
    assert.match(built.text(), /web-shell dist: build/);

    requirePassed(await runGates(asked()));
    await tools.put(join(checkout.root, BUILD), 'rm -rf dist; exit 0');
    assert.deepEqual(states(await runGates(asked())), ['sw-policy failed', 'perf-budget not-run']);
  });
});

test('wasm-check compiles for WebAssembly', {
  skip: await without('a cargo that checks for WebAssembly'),
}, async () => {
  await using checkout = await sampleCheckout();
  const lib = join(checkout.root, places.webShellDir, 'src/lib.rs');
  const broken = '\n#[cfg(target_arch = "wasm32")]\ncompile_error!("on purpose");\n';
  await writeFile(lib, `${await readFile(lib, 'utf8')}${broken}`);
  const asked = request(checkout);
  asked.choices = { ...asked.choices, selected: ['wasm-check'] };
  assert.deepEqual(states(await runGates(asked)), ['wasm-check failed']);
});

describe('running gates', () => {
  test('nothing overlaps: every gate starts after the one before it has ended', async () => {
    await using checkout = await sampleCheckout();
    const timed = 'echo "start $(date +%s%N)"; sleep 0.2; echo "end $(date +%s%N)"';
    await using tools = await standInTools({ cargo: timed });
    for (const script of [SW_POLICY, PERF]) await tools.put(join(checkout.root, script), timed);
    const gates = request(checkout, { tools });
    requirePassed(await runGates(gates));
    // Other tests may hold up this one, which is noted on stderr.
    const marks = gates.lines.flatMap(({ stream, text }) => (stream === 'stdout' ? [text.split(' ')] : []));
    assert.deepEqual(
      marks.map(([word]) => word),
      ['start', 'end', 'start', 'end', 'start', 'end', 'start', 'end'],
    );
    const times = marks.map(([, time]) => BigInt(time ?? ''));
    assert.deepEqual(
      times,
      [...times].sort((a, b) => (a < b ? -1 : 1)),
    );
  });

  test('output streams as the gate runs, and its two streams stay apart', async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({});
    const goOn = join(tools.folder, 'go-on');
    await tools.put(
      join(checkout.root, BUILD),
      `echo first; echo "  to stderr" >&2; echo; while [ ! -e '${goOn}' ]; do sleep 0.1; done; echo last`,
    );
    const build = request(checkout);
    const ended = runWebShellBuild(build);
    await until('the first line has come', async () => build.text().includes('first'));
    await writeFile(goOn, '');
    await ended;
    const seen = build.lines.map(({ stream, text }) => [stream, text]);
    assert.deepEqual(
      seen.filter(([stream]) => stream === 'stdout'),
      [
        ['stdout', 'first'],
        ['stdout', ''],
        ['stdout', 'last'],
      ],
    );
    assert.deepEqual(
      seen.filter(([stream]) => stream === 'stderr'),
      [['stderr', '  to stderr']],
    );
  });

  test('the exit code of a failing gate is passed on, whatever it is', async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({});
    await tools.put(join(checkout.root, BUILD), 'exit 42');
    const run = await runWebShellBuild(request(checkout));
    assert.throws(
      () => requirePassed(run),
      (error) => error instanceof UserError && error.exitCode === 42,
    );
  });

  test('a script that lacks a tool ends with its own exit code, and is not said to be missing itself', async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({});
    await tools.put(join(checkout.root, BUILD), 'no-such-tool --version');
    // A shell says "Permission denied" instead if it may not look into some folder of the PATH.
    const build = request(checkout, { env: { PATH: '/usr/bin:/bin' } });
    const run = await runWebShellBuild(build);
    assert.throws(
      () => requirePassed(run),
      (error) => error instanceof UserError && error.exitCode === 127,
    );
    assert.match(build.text(), /no-such-tool: .*not found/);
    assert.doesNotMatch(build.text(), /cannot be run/);
  });

  test('a tool that is not there is named, and the exit code is 1', async () => {
    await using checkout = await sampleCheckout();
    const gates = request(checkout, { env: { PATH: '/usr/bin:/bin', HOME: checkout.root } });
    await rm(join(checkout.root, BUILD));
    const run = await runWebShellBuild(gates);
    assert.throws(
      () => requirePassed(run),
      (error) => error instanceof UserError && error.exitCode === 1,
    );
    assert.match(gates.text(), /build-dist\.sh cannot be run: it is missing, or not executable/);
  });

  test('the first that fails is the last that runs, for a caller that asks for that', async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({ cargo: 'exit 7' });
    assert.deepEqual(states(await runGates(request(checkout, { tools }))), [
      'cargo-test failed',
      'wasm-check not-run',
      'sw-policy not-run',
      'perf-budget not-run',
    ]);
  });

  test('a build waits for what measures in the same checkout', async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({ cargo: 'exit 0' });
    const log = join(tools.folder, 'log');
    const goOn = join(tools.folder, 'go-on');
    await tools.put(join(checkout.root, SW_POLICY), 'exit 0');
    await tools.put(
      join(checkout.root, PERF),
      `echo measuring >> ${log}; while [ ! -e '${goOn}' ]; do sleep 0.1; done; echo measured >> ${log}`,
    );
    await tools.put(join(checkout.root, BUILD), `echo built >> ${log}`);
    const seen = async (): Promise<string> => readFile(log, 'utf8').catch(() => '');
    const build = request(checkout, { tools });
    const waiting = /web-shell-build: waiting for another run/;
    await Promise.all([
      runGates(request(checkout, { tools })),
      until('the gate measures', async () => (await seen()) !== '').then(() => runWebShellBuild(build)),
      until('the build waits', async () => waiting.test(build.text())).then(() => writeFile(goOn, '')),
    ]);
    assert.equal(await seen(), 'measuring\nmeasured\nbuilt\n');
  });

  test("turbo starts a gate's runner itself, not a package manager, and a gate gets the operator's environment without the secrets", async () => {
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({});
    await tools.put(join(checkout.root, BUILD), 'ps -o comm= -p $(ps -o ppid= -p $PPID); env');
    const secrets = {
      WORKOS_API_KEY: 'canary-1',
      MAINTENANCE_BYPASS_TOKEN: 'canary-2',
      CLOUDSDK_AUTH_ACCESS_TOKEN: 'canary-3',
      OA_SYNC_TOKEN_SIGNING_KEY: 'canary-4',
      GOOGLE_APPLICATION_CREDENTIALS: 'canary-5',
    };
    const build = request(checkout, { env: { ...secrets, RUSTFLAGS: '-Dwarnings', LATENCY_SAMPLES: '3' } });
    await runWebShellBuild(build);
    const [starter, ...env] = build.lines.map(({ text }) => text);
    assert.equal(starter, 'turbo');
    assert.ok(env.includes('RUSTFLAGS=-Dwarnings') && env.includes('LATENCY_SAMPLES=3'));
    assert.deepEqual(
      env.filter((line) => line.includes('canary') || /^(npm_|TURBO_|GATES_|NODE_PATH)/.test(line)),
      [],
    );
  });
});

test('a gate runs although TMPDIR is too deep for a socket; a TMPDIR that is missing is named', async () => {
  await using checkout = await sampleCheckout();
  await using tools = await standInTools({});
  await tools.put(join(checkout.root, BUILD), 'echo built');
  const build = (TMPDIR: string) =>
    runScriptProcess('deploy-staging', [], {
      env: {
        ...{ PROJECT: 'p', IMAGE: 'i:t', DRY_RUN: '1', SKIP_VERIFY: '1', TMPDIR },
        OPENAGENTS_REPO_ROOT: checkout.root,
      },
    });
  const deep = join(tools.folder, 'deep'.repeat(25));
  await mkdir(deep);
  const [inDeep, inMissing] = await Promise.all([build(deep), build(join(tools.folder, 'missing'))]);
  assert.match(inDeep.stdout, /^built$/m, inDeep.stderr);
  assert.equal(inDeep.exitCode, 0);
  assert.match(
    inMissing.stderr,
    /^error: there is no folder for temporary files: ENOENT.*\nSet TMPDIR to a folder that you can write to\.$/m,
  );
  assert.equal(inMissing.exitCode, 1);
});

test('Ctrl-C stops the whole process tree of a running gate', async () => {
  await using checkout = await sampleCheckout();
  await using tools = await standInTools({});
  const pidFile = join(tools.folder, 'pid');
  const temporary = join(tools.folder, 'temporary');
  await mkdir(temporary);
  await tools.put(
    join(checkout.root, BUILD),
    `sh -c 'echo $$ > ${pidFile}; while true; do sleep 0.1; done'\n`,
  );
  const script = spawn(process.execPath, [...COMPILE_CACHE, join(projectRoot, 'scripts/deploy-staging.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PROJECT: 'p',
      IMAGE: 'i:t',
      DRY_RUN: '1',
      OPENAGENTS_REPO_ROOT: checkout.root,
      TMPDIR: temporary,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const complaint = text(script.stderr);
  const pid = await until(
    'the gate runs',
    async () => existsSync(pidFile) && Number(await readFile(pidFile, 'utf8')),
  );
  const ended = once(script, 'exit');
  pressCtrlC(script);
  await ended;
  await until('the gate is gone', async () => !isAlive(pid));
  assert.equal(script.signalCode, 'SIGINT');
  assert.match(
    await complaint,
    /^error: interrupted while web-shell-build was running\nIt was stopped, .* nothing after it was started\.\n$/m,
  );
  const left = await readdir(temporary);
  assert.deepEqual(
    left.filter((name) => name.startsWith('gates-')),
    [],
  );
  assert.doesNotMatch(await complaint, /Warning/);
});

test('Ctrl-C ends a run that waits for another run in this project', async () => {
  await using checkout = await sampleCheckout();
  await using tools = await standInTools({ cargo: 'exit 1' });
  const lock = join(projectRoot, '.turbo/gates.lock');
  await mkdir(dirname(lock), { recursive: true });
  await withFileLock(lock, {}, async () => {
    const { stderr } = await runScriptProcess('gates', [], {
      env: { OPENAGENTS_REPO_ROOT: checkout.root, GATES: 'sw-policy' },
      pathFirst: [tools.folder],
      onStart: (child) => {
        let told = '';
        child.stderr?.on('data', (chunk: string) => {
          told += chunk;
          if (/waiting for another run of gates in this project\n$/.test(told)) child.kill('SIGINT');
        });
      },
    });
    assert.match(stderr, /^error: interrupted by SIGINT$/m);
  });
});

for (const [name, args] of [
  ['gates', ['--explain']],
  ['preflight', []],
] as const) {
  test(`Ctrl-C ends ${[name, ...args].join(' ')} while it waits for a tool that does not answer`, async () => {
    await using checkout = await sampleCheckout();
    // It is asked by the script itself, which it interrupts in the place of a person.
    await using tools = await standInTools({ cargo: 'exit 1', rustc: 'kill -INT $PPID; exec sleep 100' });
    const { stderr, exitCode } = await runScriptProcess(name, args, {
      env: { OPENAGENTS_REPO_ROOT: checkout.root, PROJECT: 'p', DRY_RUN: '1' },
      pathFirst: [tools.folder],
    });
    assert.match(stderr, /^error: interrupted by SIGINT\nNothing was changed in the cloud\.$/m);
    assert.equal(exitCode, null);
  });
}

test('a script that is killed takes its gate along, and the next run waits until that is gone', async () => {
  await using checkout = await sampleCheckout();
  await using tools = await standInTools({ cargo: 'exit 0' });
  const log = join(tools.folder, 'log');
  const mayEnd = join(tools.folder, 'may-end');
  // What it has started takes its time to stop: longer than a process that is left running would be waited for.
  const slow = `trap 'while [ ! -e ${mayEnd} ]; do sleep 0.1; done; sleep 4; echo late >> ${log}; exit 0' TERM`;
  await tools.put(
    join(checkout.root, SW_POLICY),
    `(${slow}; echo begun >> ${log}; while true; do sleep 0.1; done) &\nwait`,
  );
  const seen = async (): Promise<string> => readFile(log, 'utf8').catch(() => '');
  const script = spawn(process.execPath, [...COMPILE_CACHE, join(projectRoot, 'scripts/gates.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      GATES: 'sw-policy',
      OPENAGENTS_REPO_ROOT: checkout.root,
      TURBO_CACHE_DIR: join(tools.folder, 'turbo'),
    },
    stdio: 'ignore',
  });
  await until('the gate runs', async () => (await seen()) !== '');
  script.kill('SIGKILL');
  await once(script, 'exit');
  await tools.put(join(checkout.root, SW_POLICY), `echo next >> ${log}; exit 3`);
  const next = request(checkout, { tools, env: { TURBO_CACHE_DIR: join(tools.folder, 'turbo') } });
  next.choices = { ...next.choices, selected: ['sw-policy'] };
  const running = runGates(next);
  await until('the next run waits', async () =>
    next.text().includes('sw-policy: waiting for another run in this checkout'),
  );
  await tools.put(mayEnd, '');
  assert.deepEqual(states(await running), ['sw-policy failed']);
  assert.equal(await seen(), 'begun\nlate\nnext\n');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until<T>(what: string, look: () => Promise<T | false | 0>): Promise<T> {
  // A test that fails must end some time; no machine is so busy.
  const deadline = Date.now() + 300_000;
  while (true) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < deadline, `timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
