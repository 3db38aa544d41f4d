import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Interrupted, Secret } from '@deploy/cli';
import {
  type Evidence,
  joinEvidence,
  joinEvidenceByUrl,
  openEvidence,
  readReport,
  reportedTraffic,
} from '@deploy/report';
import { gitIn } from '../support/git.ts';
import { inHookOf } from '../support/in-hook.ts';
import { type TestCheckout, testCheckout } from './support/checkout.ts';
import { startProgram } from './support/program.ts';
import {
  deployedReport,
  deployment,
  deployRequest,
  joinRequest,
  location,
  NEW,
  notes,
  OLD,
  serviceUrl,
  shifted,
  smokeOutcome,
} from './support/rollout.ts';

describe('a report is opened before anything is changed', () => {
  test('under the time of its beginning, readable by all, and nothing else is left in the folder', async () => {
    await using checkout = await testCheckout();
    const { path } = await openEvidence(deployRequest(checkout));
    assert.match(path ?? '', /\/service\/docs\/reports\/\d{8}T\d{6}Z-staging-deploy-report\.md$/);
    assert.deepEqual((await checkout.files()).length, 1);
    assert.equal((await stat(path ?? '')).mode & 0o777, 0o644);
    const { record } = await readReport(path ?? '');
    assert.equal(record.state, 'started');
    assert.equal(record.account, 'alice@example.com');
    assert.equal(record.checkout.clean, true);
    assert.match(record.checkout.commit ?? '', /^[0-9a-f]{40}$/);
  });

  test('from a git hook of another repository, with the commit of its own checkout', async () => {
    await using checkout = await testCheckout();
    await using other = await testCheckout();
    await gitIn(other.root, 'commit', '-q', '--allow-empty', '-m', 'of the hook');
    using _ = inHookOf(other.root);
    const { path = '' } = await openEvidence(deployRequest(checkout));
    const { commit } = (await readReport(path)).record.checkout;
    assert.equal(commit, (await gitIn(checkout.root, 'rev-parse', 'HEAD')).trim());
  });

  test('of production, its name says so, and later commands find it', async () => {
    await using checkout = await testCheckout();
    const { path } = await openEvidence(deployRequest(checkout, { kind: 'production' }));
    assert.match(path ?? '', /\/\d{8}T\d{6}Z-production-deploy-report\.md$/);
    assert.equal((await joinEvidence(joinRequest(checkout))).path, path);
  });

  test('two in the same second get a file each', async () => {
    await using checkout = await testCheckout();
    await Promise.all([1, 2, 3].map(() => openEvidence(deployRequest(checkout))));
    assert.equal((await checkout.files()).length, 3);
  });

  test('a deployment that cannot have its report is not made, and says how to go without', async () => {
    await using checkout = await testCheckout();
    await writeFile(join(checkout.root, 'service/docs'), 'a file where the folder should be');
    await assert.rejects(openEvidence(deployRequest(checkout)), (error: Error & { hint?: string }) => {
      assert.match(error.message, /cannot write the evidence report/);
      assert.match(error.hint ?? '', /EVIDENCE_REPORT=none/);
      return true;
    });
  });

  test('what the scripts write into a checkout does not make it one with uncommitted changes', async () => {
    await using checkout = await testCheckout();
    const evidenceReport = join(checkout.root, 'evidence/rollout.md');
    const isClean = async () => {
      const { path = '' } = await openEvidence(deployRequest(checkout, { evidenceReport }));
      return (await readReport(path)).record.checkout.clean;
    };
    for (const file of [
      'service/docs/reports/20260101T000000Z-staging-deploy-report.md',
      'docs/reports/rust-cutover-validation/20260101T000000Z/SUMMARY.md',
      'web-shell/dist/app.js',
      'web-shell/perf/latest.json',
      'web-shell/perf/signoff-20260101T000000Z.json',
      'evidence/of-yesterday.md',
    ]) {
      await mkdir(dirname(join(checkout.root, file)), { recursive: true });
      await writeFile(join(checkout.root, file), 'written by a script');
    }
    const { path: earlier = '' } = await openEvidence(deployRequest(checkout));
    await rename(earlier, join(checkout.root, 'evidence/of-yesterday.md'));
    assert.equal(await isClean(), true);
    assert.equal(await isClean(), true, 'with its own report');
    for (const file of ['service/main.rs', 'evidence/notes.md', 'web-shell/perf/budget.json']) {
      await writeFile(join(checkout.root, file), 'changed');
      assert.equal(await isClean(), false, file);
      await rm(join(checkout.root, file));
    }
    assert.equal(await isClean(), true);
  });

  test('EVIDENCE_REPORT=none and a dry run write nothing', async () => {
    await using checkout = await testCheckout();
    for (const changes of [{ evidenceReport: 'none' }, { dryRun: true }]) {
      const evidence = await openEvidence(deployRequest(checkout, changes));
      assert.equal(evidence.path, undefined);
      assert.equal(await evidence.step('deploy', async () => 7), 7);
    }
    await assert.rejects(checkout.files(), /ENOENT/);
  });

  test('EVIDENCE_REPORT=path writes there, and goes on with the same deployment only', async () => {
    await using checkout = await testCheckout();
    const evidenceReport = join(checkout.root, 'elsewhere/report.md');
    await openEvidence(deployRequest(checkout, { evidenceReport }));
    const again = await openEvidence(deployRequest(checkout, { evidenceReport }));
    assert.equal(again.path, evidenceReport);
    await assert.rejects(
      openEvidence(deployRequest(checkout, { evidenceReport, image: 'registry.example.com/other:1' })),
      /is the report of another deployment/,
    );
  });
});

test('a deployment that is started again goes back to what serves by then, not to what served at first', async () => {
  await using checkout = await testCheckout();
  const evidenceReport = join(checkout.root, 'report.md');
  const RELEASED = 'svc-00002-between';
  const attempt = async (served: string): Promise<Evidence> => {
    const evidence = await openEvidence(deployRequest(checkout, { evidenceReport }));
    const shares = [{ revision: served, percent: 100 }];
    await evidence.record({ kind: 'servingFound', shares, stable: served });
    const failing = evidence.step('deploy', () => Promise.reject(new Error('quota exceeded')));
    await assert.rejects(failing, /quota/);
    return evidence;
  };
  const standing = async () => {
    const { record } = await readReport(evidenceReport);
    return [record.stable, record.trafficBefore?.[0]?.revision];
  };
  await attempt(OLD);
  const second = await attempt(RELEASED);
  assert.deepEqual(await standing(), [RELEASED, RELEASED]);
  // From here on, the rollout itself has moved traffic.
  const change = {
    service: 'svc',
    before: [{ revision: RELEASED, percent: 100 }],
    after: [{ revision: OLD, percent: 100 }],
  };
  await second.record({ kind: 'trafficShifted', change, stable: RELEASED });
  await attempt(OLD);
  assert.deepEqual(await standing(), [RELEASED, RELEASED]);
});

describe('steps', () => {
  test('are written down as begun before they are made, and as done or failed after', async () => {
    await using checkout = await testCheckout();
    const evidence = await openEvidence(deployRequest(checkout));
    const states = async () => (await readReport(evidence.path ?? '')).record.steps.map(({ state }) => state);
    await evidence.step('gates', async () => assert.deepEqual(await states(), ['started']));
    assert.deepEqual(await states(), ['done']);
    const failing = evidence.step('deploy', async () => {
      throw new Error('quota exceeded');
    });
    await assert.rejects(failing, /quota/);
    const { record } = await readReport(evidence.path ?? '');
    assert.deepEqual([record.state, record.steps.at(-1)?.detail], ['failed', 'quota exceeded']);
  });
});

test("a shift that was interrupted says what it asked for, and what serves then is nobody else's", async () => {
  await using checkout = await testCheckout();
  const path = await deployedReport(checkout);
  const asked = [
    { revision: OLD, percent: 60 },
    { revision: NEW, percent: 40 },
  ];
  const interrupted = await joinEvidence(joinRequest(checkout));
  await new Promise<void>((begun) => {
    void interrupted.step('canary-rollout set-traffic', () => new Promise(() => begun()), asked);
  });
  assert.match(await readFile(path, 'utf8'), /\| interrupted, or still running; asked for 60\/40 \|/);
  assert.equal(await reportedTraffic(checkout, location), undefined);

  const said = notes();
  const next = await joinEvidence(joinRequest(checkout, { note: said.note }));
  assert.match(said.lines.join(), /has not ended: .* it asked for svc-00001-abc 60 %, svc-00002-def 40 %/);
  await next.step('canary-rollout set-traffic', () => next.record(shifted(40, 5)), asked);
  const { shares } = (await reportedTraffic(checkout, location)) ?? {};
  assert.deepEqual(
    shares?.map(({ percent }) => percent),
    [95, 5],
  );
  assert.match(
    await readFile(path, 'utf8'),
    /\| canary-rollout set-traffic \| interrupted; asked for 60\/40 \|/,
  );
});

test("a smoke of a revision by its tag names that revision, and nobody has to be told that it is not the service's own URL", async () => {
  await using checkout = await testCheckout();
  const path = await deployedReport(checkout);
  const said = notes();
  const evidence = await joinEvidence(joinRequest(checkout, { note: said.note }));
  const outcome = { ...smokeOutcome('control'), baseUrl: 'https://candidate---svc.example.com' };
  await evidence.record({ kind: 'smoked', outcome, revision: NEW });
  assert.deepEqual(said.lines, []);
  assert.match(await readFile(path, 'utf8'), /control \*\*passed\*\*, answered by 00002-def, /);
});

test('a shift that a signal stopped says so at once', async () => {
  await using checkout = await testCheckout();
  const path = await deployedReport(checkout);
  const evidence = await joinEvidence(joinRequest(checkout));
  const stopped = new Interrupted(
    'SIGINT',
    'interrupted while waiting: the platform goes on',
    'Look at status.',
  );
  const asked = [
    { revision: OLD, percent: 60 },
    { revision: NEW, percent: 40 },
  ];
  await assert.rejects(
    evidence.step('canary-rollout set-traffic', () => Promise.reject(stopped), asked),
    stopped,
  );
  assert.match(
    await readFile(path, 'utf8'),
    /\| canary-rollout set-traffic \| interrupted; asked for 60\/40 \| .* \| interrupted while waiting: the/,
  );
  assert.equal(await reportedTraffic(checkout, location), undefined);
});

test("a promotion that was killed: what serves then is nobody else's, until somebody's shift is written down", async () => {
  await using checkout = await testCheckout();
  await deployedReport(checkout);
  const promoting = await joinEvidence(joinRequest(checkout));
  const begun = {
    kind: 'promotionBegun',
    stable: OLD,
    canary: NEW,
    source: 'logs',
    steps: [5, 100],
  } as const;
  const percents = async () =>
    (await reportedTraffic(checkout, location))?.shares.map(({ percent }) => percent);
  await promoting.record(begun);
  assert.equal(await percents(), undefined, 'it may have shifted and not got to writing it down');
  await promoting.record({ ...shifted(0, 5), byPromotion: true });
  assert.equal(await percents(), undefined, 'and so again after a step');
  const other = await joinEvidence(joinRequest(checkout));
  await other.record(shifted(5, 10));
  assert.deepEqual(await percents(), [90, 10]);

  const again = await joinEvidence(joinRequest(checkout));
  await again.record(begun);
  await again.record({ ...shifted(10, 100), byPromotion: true });
  await again.record({ kind: 'promotionEnded', state: 'promoted', text: 'it has all the traffic' });
  assert.deepEqual(await percents(), [100]);
});

test('a window that was being closed when it was killed may have moved traffic as well', async () => {
  await using checkout = await testCheckout();
  await deployedReport(checkout);
  const evidence = await joinEvidence(joinRequest(checkout));
  await new Promise<void>((begun) => {
    void evidence.step('maintenance-mode disable', () => new Promise(() => begun()));
  });
  assert.equal(await reportedTraffic(checkout, location), undefined);
});

test('a deployment that works ends well though its report can no longer be written, and says so', async () => {
  await using checkout = await testCheckout();
  const said = notes();
  const evidence = await openEvidence(deployRequest(checkout, { note: said.note }));
  const revision = await evidence.step('deploy', async () => {
    await writeFile(evidence.path ?? '', 'no longer a report');
    await evidence.record({ kind: 'deployed', deployment, stable: OLD });
    return deployment.revision;
  });
  assert.equal(revision, NEW);
  const warnings = said.lines.filter((line) =>
    line.startsWith('warning: not recorded in the evidence report'),
  );
  assert.equal(warnings.length, 2, 'one for the deployment, one for the end of its step');
});

test('what is recorded together is written together, or there is one warning', async () => {
  await using checkout = await testCheckout();
  const said = notes();
  const evidence = await openEvidence(deployRequest(checkout, { note: said.note }));
  const path = evidence.path ?? '';
  const digest = `sha256:${'0'.repeat(64)}`;
  const events = [
    { kind: 'digestResolved', digest },
    { kind: 'reachedAt', baseUrls: [serviceUrl] },
  ] as const;
  await evidence.record(...events);
  const { record } = await readReport(path);
  assert.equal(record.image.digest, digest);
  assert.ok(record.baseUrls.includes(serviceUrl));

  await writeFile(path, 'no longer a report');
  await evidence.record(...events);
  const warnings = said.lines.filter((line) => line.startsWith('warning: '));
  assert.equal(warnings.length, 1);
});

describe('smoke runs, which know no service', () => {
  for (const [baseUrl, isKnown] of [
    [serviceUrl, true],
    [`${serviceUrl}//`, true],
    [serviceUrl.replace('svc', 'SVC'), true],
    [`${serviceUrl}/elsewhere`, false],
    [serviceUrl.replace('https', 'http'), false],
    ['https://another.example.com', false],
  ] as const) {
    test(`against ${baseUrl} ${isKnown ? 'add to the report' : 'leave the report as it is'}`, async () => {
      await using checkout = await testCheckout();
      const path = await deployedReport(checkout);
      const evidence = await joinEvidenceByUrl({ ...joinRequest(checkout), baseUrl });
      await evidence.record({ kind: 'smoked', outcome: smokeOutcome('health') });
      assert.equal((await readReport(path)).record.smokes.length, isKnown ? 1 : 0);
    });
  }

  test('add to the file that EVIDENCE_REPORT names, whatever the base URL, and say that they do not count', async () => {
    await using checkout = await testCheckout();
    const evidenceReport = await deployedReport(checkout);
    const said = notes();
    const request = joinRequest(checkout, { evidenceReport, note: said.note });
    const baseUrl = 'https://another.example.com';
    const evidence = await joinEvidenceByUrl({ ...request, baseUrl });
    await evidence.record({ kind: 'smoked', outcome: { ...smokeOutcome('health'), baseUrl } });
    assert.equal((await readReport(evidenceReport)).record.smokes.length, 1);
    assert.match(
      said.lines.join(),
      /another\.example\.com is not one of the service's own URLs: .* does not count/,
    );
  });

  test('count for the split that they were made on, though somebody shifts traffic while they run', async () => {
    await using checkout = await testCheckout();
    const path = await deployedReport(checkout);
    const shifting = await joinEvidence(joinRequest(checkout));
    const before = await joinEvidenceByUrl(joinRequest(checkout));
    await shifting.record(shifted(0, 5));
    await before.record({ kind: 'smoked', outcome: smokeOutcome('health') });
    const after = await joinEvidenceByUrl(joinRequest(checkout));
    await after.record({ kind: 'smoked', outcome: smokeOutcome('control') });
    const { trafficChanges, smokes } = (await readReport(path)).record;
    assert.deepEqual(
      smokes.map(({ metChange }) => metChange),
      ['start', trafficChanges[0]?.at],
    );
  });
});

describe('later commands', () => {
  test('write nothing with EVIDENCE_REPORT=none or in a dry run', async () => {
    await using checkout = await testCheckout();
    const path = await deployedReport(checkout);
    const before = await readFile(path, 'utf8');
    for (const changes of [
      { evidenceReport: 'none' },
      { dryRun: true },
      { evidenceReport: path, dryRun: true },
    ]) {
      const request = joinRequest(checkout, changes);
      for (const evidence of [await joinEvidence(request), await joinEvidenceByUrl(request)]) {
        assert.equal(evidence.path, undefined);
        await evidence.step('set-traffic', () => evidence.record(shifted(0, 5)));
      }
    }
    assert.equal(await readFile(path, 'utf8'), before);
    assert.equal((await checkout.files()).length, 1);
  });

  test('add to the newest report of their service, and to no other', async () => {
    await using checkout = await testCheckout();
    const path = await deployedReport(checkout);
    const evidence = await joinEvidence(joinRequest(checkout));
    await evidence.step('set-traffic', () => evidence.record(shifted(0, 5)));
    const { record } = await readReport(path);
    assert.deepEqual(record.trafficChanges.at(-1)?.after, [
      { revision: OLD, percent: 95 },
      { revision: NEW, percent: 5 },
    ]);
    assert.equal(record.trafficChanges.at(-1)?.actor, 'bob@example.com');

    const said = notes();
    const elsewhere = { project: 'p', region: 'us-central1', service: 'other' };
    const none = await joinEvidence({ ...joinRequest(checkout, { note: said.note }), location: elsewhere });
    assert.equal(none.path, undefined);
    assert.match(said.lines.join(), /no open evidence report of other/);
  });

  for (const [name, spoil] of [
    [
      'has conflict markers',
      (text: string) => text.replace(/^state: .*$/m, '<<<<<<< HEAD\n$&\n=======\n>>>>>>> x'),
    ],
    ['is of a newer version', (text: string) => text.replace(/^version: .*$/m, 'version: 99')],
    ['is empty', () => ''],
  ] as const) {
    test(`write nothing down when the newest report ${name}, rather than into an older one`, async () => {
      await using checkout = await testCheckout();
      const older = await deployedReport(checkout);
      const newest = await deployedReport(checkout);
      await writeFile(newest, spoil(await readFile(newest, 'utf8')));
      const [before, broken] = [await readFile(older), await readFile(newest)];
      const said = notes();
      const request = joinRequest(checkout, { note: said.note });
      for (const evidence of [await joinEvidence(request), await joinEvidenceByUrl(request)]) {
        assert.equal(evidence.path, undefined);
        await evidence.record(shifted(0, 5));
      }
      assert.deepEqual([await readFile(older), await readFile(newest)], [before, broken]);
      assert.equal(said.lines.length, 2);
      for (const line of said.lines) assert.match(line, /^warning: no evidence is written: .*-report\.md/);
      assert.equal(await reportedTraffic(checkout, location), undefined);
    });
  }

  test('outside a checkout nothing is written and nothing fails', async () => {
    const said = notes();
    const evidence = await joinEvidence(
      joinRequest({ root: '/', serviceDir: 'service', webShellDir: 'x' }, { note: said.note }),
    );
    assert.equal(evidence.path, undefined);
    await evidence.record(shifted(0, 5));
    assert.match(said.lines.join(), /no evidence is written/);
  });

  test('a named report of another service is refused', async () => {
    await using checkout = await testCheckout();
    const evidenceReport = await deployedReport(checkout);
    const location = { project: 'p', region: 'us-central1', service: 'other' };
    await assert.rejects(
      joinEvidence({ ...joinRequest(checkout, { evidenceReport }), location }),
      /is a report of svc in p, us-central1, not of other/,
    );
  });

  test('a full disk, or a folder that became read-only, is a warning and no more: a rollback must not wait', async () => {
    await using checkout = await testCheckout();
    const path = await deployedReport(checkout);
    const said = notes();
    const evidence = await joinEvidence(joinRequest(checkout, { note: said.note }));
    await writeFile(path, 'no longer a report');
    await evidence.step('rollback', () => evidence.record(shifted(5, 0)));
    assert.match(said.lines.join('\n'), /warning: not recorded in the evidence report/);
    assert.equal(await readFile(path, 'utf8'), 'no longer a report');
  });
});

test('a secret is in no part of the file, however it got there', async () => {
  await using checkout = await testCheckout();
  const secret = new Secret('canary-evidence-4711');
  const path = await deployedReport(checkout);
  await writeFile(path, `${await readFile(path, 'utf8')}\npasted: ${secret.reveal()}\n`);
  const evidence = await joinEvidence(joinRequest(checkout));
  const failing = evidence.step(`with ${secret.reveal()}`, async () => {
    throw new Error(`at https://x.example/?maintenance_bypass=${secret.reveal()}`);
  });
  await assert.rejects(failing);
  const text = await readFile(path, 'utf8');
  assert.ok(!text.includes(secret.reveal()));
  assert.ok(text.includes('<redacted>') || text.includes('redacted'));
});

test('20 runs of five processes add to one report at once, and none of it is lost', async () => {
  await using checkout = await testCheckout();
  const path = await deployedReport(checkout);
  const names = Array.from({ length: 5 }, (_, i) => ['a', 'b', 'c', 'd'].map((run) => `person-${i}${run}`));
  const ended = await Promise.all(
    names.map((runs) => startProgram('add-smoke', [checkout.root, ...runs]).ended),
  );
  assert.deepEqual(new Set(ended.map(({ exitCode }) => exitCode)), new Set([0]));
  const { record } = await readReport(path);
  assert.deepEqual(record.smokes.map(({ actor }) => actor).sort(), names.flat().sort());
  assert.equal((await checkout.files()).length, 1, 'nothing is left over');
});

test('50 rollouts killed at random moments: the file parses, and the next command goes on with it', async (t) => {
  // Five are killed with each process. They are all somewhere else, since each waits for its own files.
  const fiveCheckouts = () => Promise.all(Array.from({ length: 5 }, testCheckout));
  const dispose = (checkouts: TestCheckout[]) =>
    Promise.all(checkouts.map((each) => each[Symbol.asyncDispose]()));
  const calm = await fiveCheckouts();
  const { exitCode, stderr, wroteForMs } = await startProgram('whole-rollout', roots(calm)).ended;
  assert.equal(exitCode, 0, stderr);
  await dispose(calm);

  let killed = 0;
  // The first one may have been held up. Whoever ends before it is killed shows how long the others take at most.
  let longestMs = wroteForMs;
  for (let i = 0; i < 10; i += 1) {
    const checkouts = await fiveCheckouts();
    const program = startProgram('whole-rollout', roots(checkouts));
    assert.ok(await program.begun);
    await pause(Math.random() * longestMs);
    program.kill('SIGKILL');
    const ended = await program.ended;
    if (ended.exitCode === null) killed += 1;
    else longestMs = Math.min(longestMs, ended.wroteForMs);
    for (const mine of checkouts) {
      const [report, ...others] = (await mine.files()).filter((name) => name.endsWith('report.md'));
      assert.deepEqual(others, []);
      const path = join(mine.reports, report ?? '');
      await readReport(path);
      const evidence = await joinEvidence(joinRequest(mine));
      assert.equal(evidence.path, path, 'found as the open report of its service');
      await evidence.record({ kind: 'smoked', outcome: smokeOutcome('control') });
      assert.equal((await readReport(path)).record.smokes.at(-1)?.suite, 'control');
      assert.deepEqual(await mine.files(), [report], 'the next command clears away what the killed one left');
    }
    await dispose(checkouts);
  }
  assert.ok(killed > 0, 'every program had ended before it was killed');
  t.diagnostic(`${killed} of 10 programs killed within ${Math.round(longestMs)} ms`);
});

const roots = (checkouts: readonly TestCheckout[]): string[] => checkouts.map(({ root }) => root);

test('a folder that may not be written to stops a deployment before its first step', {
  skip: process.getuid?.() === 0 ? 'root may write everywhere' : false,
}, async () => {
  await using checkout = await testCheckout();
  await chmod(join(checkout.root, 'service'), 0o500);
  await assert.rejects(openEvidence(deployRequest(checkout)), /cannot write the evidence report/);
});
