import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { openEvidence, readReport } from '@deploy/report';
import { lint } from 'markdownlint/promise';
import { testCheckout } from '../report/support/checkout.ts';
import { cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { standInTools } from '../support/stand-in-tools.ts';

const REPORTS = 'apps/openagents.com/service/docs/reports';
const TOKEN = 'canary-token-of-the-window-0123456789';

async function onlyReport(checkout: string): Promise<string> {
  const folder = join(checkout, REPORTS);
  const [name = '', ...others] = (await readdir(folder)).filter((each) => each.endsWith('.md'));
  assert.deepEqual(others, []);
  return join(folder, name);
}

/** Stops a script once its change is at the platform, which takes its time with it. */
async function stopOnceWritten(cloud: Emulator, child: ChildProcess): Promise<void> {
  while (!cloud.requests.some(({ method }) => method === 'PATCH' || method === 'PUT')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill('SIGINT');
}

/** Whether what takes all the traffic is in maintenance mode. */
function isWindowServed(cloud: Emulator): boolean {
  const [{ revision = '', percent } = {}] = cloud.service(SERVICE).trafficStatuses;
  assert.equal(percent, 100);
  const env = cloud.revisions(SERVICE).find(({ name }) => name.endsWith(`/${revision}`))
    ?.containers?.[0]?.env;
  return env?.find(({ name }) => name === 'OA_MAINTENANCE_MODE_ENABLED')?.value === 'true';
}

describe('the scripts write their evidence', () => {
  test('a rollout and a maintenance window end up in one report', async () => {
    await using cloud = await cloudWith();
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({ cargo: 'exit 0' });
    const env = {
      ...cloudEnv(cloud),
      SKIP_PREFLIGHT: '1',
      OPENAGENTS_REPO_ROOT: checkout.root,
      OPENAGENTS_BASE_URL: cloud.service(SERVICE).uri,
    };
    const run = async (script: string, args: string[] = [], more: Record<string, string> = {}) => {
      // The token must be taken out of the report by the run that knows it. So that one shares its process with no other.
      const start = 'MAINTENANCE_BYPASS_TOKEN' in more ? runScriptProcess : runScript;
      const ended = await start(script, args, { env: { ...env, ...more }, pathFirst: [tools.folder] });
      assert.equal(ended.exitCode, 0, ended.stderr);
      return ended;
    };
    const image = `${IMAGES}:two`;
    const opened = await run('deploy-staging', [], { IMAGE: image, GATES: 'cargo-test,wasm-check' });
    const [one = '', two = ''] = revisionNames(cloud);
    assert.deepEqual(serving(cloud), [`${one}=100`]);
    await run('canary-rollout', ['set-traffic', one, two, '5']);
    assert.deepEqual(serving(cloud), [`${one}=95`, `${two}=5`]);
    await run('smoke-health');
    await run('smoke-control');
    await run('canary-rollout', ['rollback', one]);
    assert.deepEqual(serving(cloud), [`${one}=100`]);
    const window = { MAINTENANCE_MOVE_TRAFFIC: '1', MAINTENANCE_BYPASS_TOKEN: TOKEN };
    await run('maintenance-mode', ['enable'], window);
    assert.equal(isWindowServed(cloud), true);
    await run('maintenance-mode', ['disable'], { MAINTENANCE_MOVE_TRAFFIC: '1' });
    assert.equal(isWindowServed(cloud), false);

    const path = await onlyReport(checkout.root);
    assert.match(opened.stderr, new RegExp(`^evidence report: ${path}$`, 'm'));
    const { record } = await readReport(path);
    assert.equal(record.state, 'deployed');
    const digest = cloud.imageDigest(SERVICE, two)?.split('@')[1];
    assert.deepEqual(record.image, { reference: image, tag: 'two', digest });
    assert.deepEqual(record.revisions, { before: one, after: two });
    assert.deepEqual(record.trafficBefore, [{ revision: one, percent: 100 }]);
    assert.deepEqual(
      record.steps.map(({ name: step, state }) => `${step}: ${state}`),
      [
        'web-shell build: done',
        'gates: done',
        'deploy: done',
        'canary-rollout set-traffic: done',
        'canary-rollout rollback: done',
        'maintenance-mode enable: done',
        'maintenance-mode disable: done',
      ],
    );
    assert.deepEqual(
      record.gates?.results.map(({ gate, verdict }) => `${gate} ${verdict}`),
      ['cargo-test passed', 'wasm-check passed'],
    );
    assert.equal(record.gates?.extent, 'partial');
    assert.deepEqual(
      record.smokes.map(({ suite, state }) => `${suite} ${state}`),
      ['health passed', 'control passed'],
    );
    assert.deepEqual(
      record.maintenance.map(({ mode }) => mode),
      ['on', 'off'],
    );
    assert.ok(record.trafficChanges.length >= 4);
    const text = await readFile(path, 'utf8');
    // It works where it is pasted.
    const rollback = `npx --yes pnpm@12 --dir ${projectRoot} tsx scripts/canary-rollout.ts rollback ${one}`;
    const place = `CLOUD_RUN_EMULATOR_HOST=${cloud.host} OPENAGENTS_REPO_ROOT=${checkout.root}`;
    assert.match(text, new RegExp(`^${place} PROJECT=.* ${rollback}$`, 'm'));
    assert.ok(!text.includes(TOKEN));
    assert.deepEqual((await lint({ strings: { text } })).text, []);
  });

  test('a shift refuses a report that is none, a rollback only warns of it', async () => {
    await using cloud = await cloudWith({
      services: [{ name: SERVICE, image: `${IMAGES}:one`, laterImages: [`${IMAGES}:two`] }],
    });
    const [one = '', two = ''] = revisionNames(cloud);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'evidence-'));
    const env = { ...cloudEnv(cloud), EVIDENCE_REPORT: join(folder.path, 'missing/report.md') };
    const shift = await runScript('canary-rollout', ['set-traffic', one, two, '50'], { env });
    assert.equal(shift.exitCode, 1);
    assert.match(shift.stderr, /^error: .*\/missing\/report\.md/m);
    assert.deepEqual(cloud.service(SERVICE).traffic, [], 'LATEST serves, as before');
    const back = await runScript('canary-rollout', ['rollback', one], { env });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.match(back.stderr, /^warning: no evidence is written: .*\/missing\/report\.md/m);
    assert.deepEqual(serving(cloud), [`${one}=100`]);
  });

  test('opening a window refuses a report that is none, closing it only warns of it', async () => {
    await using cloud = await cloudWith({
      secrets: { 'openagents-control-maintenance-bypass-token': 'here' },
    });
    await using folder = await mkdtempDisposable(join(tmpdir(), 'evidence-'));
    const window = (action: string, evidenceReport: string) =>
      runScript('maintenance-mode', [action], {
        env: { ...cloudEnv(cloud), EVIDENCE_REPORT: evidenceReport },
      });
    const missing = join(folder.path, 'missing/report.md');
    assert.match((await window('enable', missing)).stderr, /^error: .*\/missing\/report\.md/m);
    assert.equal((await window('enable', 'none')).exitCode, 0);
    const closed = await window('disable', missing);
    assert.equal(closed.exitCode, 0, closed.stderr);
    assert.match(closed.stderr, /^warning: no evidence is written: .*\/missing\/report\.md/m);
    assert.match(closed.stderr, /is off for all traffic/);
  });

  test('a shift that Ctrl-C ends is interrupted in its report, which says what it asked for', async () => {
    await using cloud = await cloudWith({
      services: [{ name: SERVICE, image: `${IMAGES}:one`, laterImages: [`${IMAGES}:two`] }],
      reconcileMs: 600_000,
    });
    const [one = '', two = ''] = revisionNames(cloud);
    await using checkout = await testCheckout();
    const image = `${IMAGES}:two`;
    const begun = { checkout, location: LOCATION, image, evidenceReport: undefined, note: () => {} };
    const { path = '' } = await openEvidence(begun);
    const run = await runScriptProcess('canary-rollout', ['set-traffic', one, two, '40'], {
      env: { ...cloudEnv(cloud), EVIDENCE_REPORT: path },
      onStart: (child) => void stopOnceWritten(cloud, child),
    });
    assert.match(run.stderr, /^error: interrupted /m);
    const text = await readFile(path, 'utf8');
    assert.match(text, /^\| canary-rollout set-traffic \| interrupted; asked for 60\/40 \|/m);
    assert.match(text, /^<details open>\n<summary>Steps: 1 step, 1 not done<\/summary>/m);
  });

  test('a deployment that fails leaves a report that says in which step', async () => {
    const image = `${IMAGES}:bad`;
    await using cloud = await cloudWith({ images: { [image]: 'never-ready' } });
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({ cargo: 'exit 0' });
    const run = await runScript('deploy-staging', [], {
      env: {
        ...cloudEnv(cloud),
        SKIP_PREFLIGHT: '1',
        OPENAGENTS_REPO_ROOT: checkout.root,
        IMAGE: image,
        SKIP_VERIFY: '1',
      },
      pathFirst: [tools.folder],
    });
    assert.equal(run.exitCode, 1);
    const { record } = await readReport(await onlyReport(checkout.root));
    assert.equal(record.state, 'failed');
    assert.equal(record.gates?.extent, 'skipped');
    assert.match(record.steps.at(-1)?.detail ?? '', /did not become ready/);
    assert.deepEqual(record.trafficBefore, [{ revision: revisionNames(cloud)[0], percent: 100 }]);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
  });

  test('a gate that fails, too', async () => {
    await using cloud = await cloudWith();
    await using checkout = await sampleCheckout();
    await using tools = await standInTools({ cargo: 'exit 101' });
    const run = await runScript('deploy-staging', [], {
      env: {
        ...cloudEnv(cloud),
        SKIP_PREFLIGHT: '1',
        OPENAGENTS_REPO_ROOT: checkout.root,
        IMAGE: `${IMAGES}:two`,
      },
      pathFirst: [tools.folder],
    });
    assert.equal(run.exitCode, 101);
    const { record } = await readReport(await onlyReport(checkout.root));
    assert.equal(record.state, 'stopped');
    assert.equal(record.gates?.extent, 'all');
    assert.equal(record.gates?.results.find(({ gate }) => gate === 'cargo-test')?.exitCode, 101);
    assert.equal(revisionNames(cloud).length, 1);
    assert.ok(cloud.requests.every(({ method }) => method === 'GET'));
  });
});
