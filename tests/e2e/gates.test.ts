import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot, runCommand } from '@deploy/cli';
import { type Checkout, cachingCheckout, SERVICE, WEB } from '../gates/support/caching-checkout.ts';
import { runScript } from '../support/hosted-script.ts';
import { without } from '../support/needs.ts';
import type { ScriptRun } from '../support/run-script.ts';

const noCargo = await without('a cargo');

describe('gates.ts', () => {
  const gatesOf =
    ({ env: theirs, root }: Checkout) =>
    (args: string[] = [], env: Record<string, string> = {}): Promise<ScriptRun> =>
      runScript('gates', args, { env: { ...theirs, OPENAGENTS_REPO_ROOT: root, ...env } });
  const lines = ({ stdout }: ScriptRun): string[] =>
    stdout.split('\n').filter((line) => /^\[(?:passed|failed|not run|hit|miss)\] /.test(line));

  test('runs them, replays them and explains them', async () => {
    await using checkout = await cachingCheckout();
    const gates = gatesOf(checkout);
    const only = { GATES: 'perf-budget,wasm-check' };

    const first = await gates([], only);
    assert.equal(first.exitCode, 0, first.stderr);
    assert.deepEqual(
      lines(first).map((line) => line.replace(/\d+\.\d/, 'N')),
      ['[passed] wasm-check (N s, this run)', '[passed] perf-budget (N s, this run)'],
    );
    assert.match(first.stderr, /^verified in part only: GATES leaves out cargo-test, sw-policy$/m);
    const again = await gates([], only);
    assert.match(
      lines(again)[1] ?? '',
      /^\[passed\] perf-budget \(took \d+\.\d s then, local cache; first established /,
    );

    await checkout.put(`${WEB}/host/new.html`, '<p>new</p>\n');
    const explained = await gates(['--explain']);
    assert.equal(explained.exitCode, 0);
    const said = lines(explained);
    assert.match(said[0] ?? '', /^\[miss\] cargo-test: this machine has no earlier verdict of it$/);
    assert.match(said[3] ?? '', /^\[miss\] perf-budget: changed since the verdict of .*: .*host\/new\.html$/);
  });

  test('ends with the exit code of the first that failed', { skip: noCargo }, async () => {
    await using checkout = await cachingCheckout();
    await checkout.add(`${SERVICE}/src/lib.rs`, '\n#[test]\nfn broken() { panic!("on purpose") }\n');
    const failed = await gatesOf(checkout)([], { GATES: 'cargo-test,sw-policy' });
    assert.equal(failed.exitCode, 101);
    assert.deepEqual(
      lines(failed).map((line) => line.split(' (')[0]),
      ['[failed] cargo-test', '[passed] sw-policy'],
    );
    assert.match(failed.stderr, /^error: cargo-test failed with exit code 101$/m);
  });

  test('names of files forge neither verdicts nor commands of GitHub Actions', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const env = {
      ...checkout.env,
      OPENAGENTS_REPO_ROOT: checkout.root,
      GATES: 'sw-policy',
      GITHUB_ACTIONS: 'true',
    };
    await runScript('gates', [], { env });
    await checkout.put(`${WEB}/host/x\n[passed] perf-budget (1.0 s, this run)\n::error::no`, '');
    const explained = await runScript('gates', ['--explain'], { env });
    assert.match(explained.stdout, /^\[miss\] sw-policy: changed since .*host\/x \[passed\] perf-budget/);
    assert.equal(explained.stdout.split('\n').length, 2, explained.stdout);
    await checkout.add(`${WEB}/scripts/sw-policy-verify.sh`, '\necho >> "host/x\n::error::y"\n');
    const run = await runScript('gates', [], { env });
    assert.doesNotMatch(run.stdout + run.stderr, /^(?:::error|\[passed\] perf)/m);
  });

  test('knows with node alone the verdicts that pnpm tsx has established', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const env = {
      ...checkout.env,
      PATH: `${join(projectRoot, 'node_modules/.bin')}:${checkout.env.PATH}`,
      HOME: process.env.HOME ?? '',
      OPENAGENTS_REPO_ROOT: checkout.root,
      GATES: 'sw-policy',
    };
    const gates = async (...runner: string[]) =>
      (await runCommand([...runner, 'scripts/gates.ts'], { cwd: projectRoot, env })).stdout;
    assert.match(await gates('pnpm', 'tsx'), /^\[passed\] sw-policy \(\d+\.\d s, this run\)$/m);
    assert.match(
      await gates(process.execPath),
      /^\[passed\] sw-policy \(took \d+\.\d s then, local cache; /m,
    );
  });

  test('refuses what it does not know, before anything is run', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    for (const [args, env, exitCode, says] of [
      [['--explian'], {}, 2, /--explain/],
      [['--explain', 'more'], {}, 2, /--explain/],
      [
        [],
        { GATES: 'sw-policy,lint' },
        1,
        /^error: GATES has "lint", which is not a gate\nThe gates are: cargo-test, /,
      ],
      [
        [],
        { GATES_MAX_AGE: 'a week' },
        1,
        /^error: GATES_MAX_AGE is "a week", but must be a time span such as 30m/,
      ],
      [
        [],
        { GATES_PASS_ENV: 'A,MY_TOKEN' },
        1,
        /^error: GATES_PASS_ENV has MY_TOKEN, which looks like a secret/,
      ],
    ] as const) {
      const env2 = { ...checkout.env, OPENAGENTS_REPO_ROOT: checkout.root, ...env };
      const run = await runScript('gates', args, { env: env2 });
      assert.equal(run.exitCode, exitCode);
      assert.match(exitCode === 2 ? run.stdout : run.stderr, says);
    }
  });

  test('a deployment says that it was verified in part, and takes verdicts from the cache', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const deploy = (): Promise<ScriptRun> =>
      runScript('deploy-staging', [], {
        env: {
          ...checkout.env,
          OPENAGENTS_REPO_ROOT: checkout.root,
          PROJECT: 'p',
          IMAGE: 'registry.example/control:1',
          GATES: 'wasm-check',
          DRY_RUN: '1',
        },
      });
    const first = await deploy();
    assert.equal(first.exitCode, 0, first.stderr);
    assert.match(
      first.stderr,
      /^verified in part only: GATES leaves out cargo-test, sw-policy, perf-budget$/m,
    );
    const again = await deploy();
    assert.match(again.stderr, /^wasm-check: passed, replayed from the local cache; first established /m);
    assert.deepEqual(await readdir(checkout.at(`${SERVICE}/docs/reports`)), ['.gitkeep']);
    assert.ok((await readFile(join(checkout.root, WEB, 'dist/manifest.json'), 'utf8')).length > 0);
  });
});
