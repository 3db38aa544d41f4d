import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Finding, runCommand } from '@deploy/cli';
import { checkTools, explainGates, gateIds } from '@deploy/gates';
import type { GateId } from '@deploy/gates/inputs';
import { type StandInTools, standInTools } from '../support/stand-in-tools.ts';
import { CHOICES, type Checkout, cachingCheckout, SERVICE, WEB } from './support/caching-checkout.ts';

// Nothing can be below a file.
const COMPILER_ALONE =
  'case "$*" in *target-libdir*) echo "$0/none" ;; *) PATH="$REST" exec rustc "$@" ;; esac';

type Asked = { gates?: readonly GateId[]; env?: Record<string, string | undefined>; cached?: boolean };

async function check(checkout: Checkout, { gates = gateIds, env, cached }: Asked = {}): Promise<Finding[]> {
  const request = {
    checkout: { root: checkout.root, serviceDir: SERVICE, webShellDir: WEB },
    env: { ...checkout.env, ...env },
  };
  const isCached = async (gate: GateId): Promise<boolean> =>
    (await explainGates({ ...request, choices: CHOICES })).some(
      (each) => each.gate === gate && each.expect === 'hit',
    );
  const findings = await checkTools({ ...request, gates, ...(cached ? { isCached } : {}) });
  assert.ok(findings.every(({ check: name }) => name === 'tools'));
  return findings;
}

const errors = (findings: readonly Finding[]): string[] =>
  findings.flatMap(({ state, found }) => (state === 'error' ? [found] : []));

/** Everything that the operator has, but the compiler without its library for WebAssembly. */
async function withoutWasm(
  checkout: Checkout,
): Promise<{ tools: StandInTools; env: Record<string, string> }> {
  const tools = await standInTools({ rustc: COMPILER_ALONE.replace('$REST', checkout.env.PATH ?? '') });
  return { tools, env: { PATH: `${tools.folder}:${checkout.env.PATH}` } };
}

describe('the tools that gates call', () => {
  test('are named with their versions, and the checkout with its commit', async () => {
    await using checkout = await cachingCheckout();
    const [tools, commit, ...more] = await check(checkout);
    assert.deepEqual(more, []);
    assert.match(tools?.found ?? '', /cargo \d+\.\d+\.\d+, wasm32-unknown-unknown, node \d+/);
    const head = (await checkout.git('rev-parse', 'HEAD')).trim();
    assert.equal(commit?.found, `checkout ${checkout.root} at commit ${head}`);
    for (const kind of ['staging', 'production'])
      await checkout.put(`${SERVICE}/docs/reports/20260221T193500Z-${kind}-deploy-report.md`, 'a report\n');
    await checkout.put('docs/reports/rust-cutover-validation/20260221T193500Z/SUMMARY.md', 'a matrix\n');
    assert.equal((await check(checkout)).at(-1)?.found, `checkout ${checkout.root} at commit ${head}`);
    await checkout.put('new.txt', 'new\n');
    assert.match((await check(checkout)).at(-1)?.found ?? '', /, with changes$/);
  });

  test('and a checkout of another user, which git does not read until it is told to', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    // Git's own switch for its tests. The user's and the machine's settings may trust every folder.
    const asAnother = 'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_CONFIG_NOSYSTEM=1';
    await using tools = await standInTools({
      git: `PATH="${checkout.env.PATH}" ${asAnother} exec git "$@"`,
    });
    const env = { PATH: `${tools.folder}:${checkout.env.PATH}`, HOME: checkout.home };
    const asked = async () => (await check(checkout, { gates: [], env })).at(-1);
    const { state, found, command = '' } = (await asked()) ?? {};
    assert.equal(state, 'warning');
    assert.match(found ?? '', /^git does not read .+, because it belongs to another user/);
    await runCommand(['sh', '-c', command], {
      env: { PATH: process.env.PATH ?? '', HOME: checkout.home },
    });
    assert.match((await asked())?.found ?? '', / at commit [0-9a-f]{40}$/);
  });

  test('that are missing are errors, each with who needs it and how to get it', async () => {
    await using checkout = await cachingCheckout();
    await checkout.add(`${WEB}/scripts/sw-policy-verify.sh`, '\njq . dist/manifest.json\n');
    await checkout.remove(`${WEB}/scripts/perf-budget-gate.sh`);
    await using tools = await standInTools({
      git: `PATH='${checkout.env.PATH}' exec git "$@"`,
      python3: 'echo 3.1',
    });
    const findings = await check(checkout, { env: { PATH: tools.folder } });
    assert.deepEqual(errors(findings), [
      'cargo is missing; needed by cargo-test, wasm-check',
      'wasm32-unknown-unknown is missing: there is no rustc; needed by wasm-check',
      'jq is missing; needed by sw-policy',
      `${WEB}/scripts/perf-budget-gate.sh is missing from the checkout; needed by perf-budget`,
    ]);
    assert.ok(findings.every(({ state, advice }) => state !== 'error' || advice));
  });

  test('are asked for only by the gates that are to run', async () => {
    await using checkout = await cachingCheckout();
    const { tools, env } = await withoutWasm(checkout);
    await using _ = tools;
    assert.deepEqual(errors(await check(checkout, { env })), [
      'wasm32-unknown-unknown is not installed; needed by wasm-check',
    ]);
    assert.deepEqual(errors(await check(checkout, { env, gates: ['cargo-test', 'sw-policy'] })), []);
  });

  test('need not be there for a gate whose verdict is cached', async () => {
    await using checkout = await cachingCheckout();
    const { tools, env } = await withoutWasm(checkout);
    await using _ = tools;
    assert.equal(errors(await check(checkout, { env, cached: true })).length, 1);
    await checkout.run({ choices: { selected: ['wasm-check'] } });
    const findings = await check(checkout, { env, cached: true });
    assert.deepEqual(errors(findings), []);
    assert.match(
      findings.map(({ found }) => found).join('\n'),
      /wasm32-unknown-unknown is not installed; wasm-check would need it, but their verdicts are cached/,
    );
  });

  test('without cargo there is no verdict to look for, and turbo is not left running to look for one', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await using tools = await standInTools({ git: `PATH='${checkout.env.PATH}' exec git "$@"` });
    const explained = await explainGates({
      checkout: { root: checkout.root, serviceDir: SERVICE, webShellDir: WEB },
      env: { ...checkout.env, PATH: tools.folder },
      choices: CHOICES,
    });
    assert.ok(explained.every(({ reason }) => reason.startsWith('its verdict cannot be cached: ')));
    // A process that was about to be started would have been by now.
    await import('node:child_process').then(() => nextTurn());
    const { stdout } = await runCommand(['ps', '-A', '-o', 'ppid=', '-o', 'args=']);
    const ours = stdout.split('\n').filter((line) => Number.parseInt(line, 10) === process.pid);
    assert.ok(ours.some((line) => line.includes('ps -A')));
    assert.deepEqual(
      ours.filter((line) => line.includes('turbo')),
      [],
    );
  });

  test('a checkout that is none of git is a warning', async () => {
    await using checkout = await cachingCheckout();
    await checkout.remove('.git');
    assert.equal((await check(checkout)).at(-1)?.state, 'warning');
  });
});
