import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Emulator } from '@deploy/emulator';
import { openEvidence, readReport } from '@deploy/report';
import { testCheckout } from '../report/support/checkout.ts';
import { cloudEnv, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { cloudWithCandidate } from '../support/promotion.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';

const CODE = 'code-of-this-test-0123456789';
const SIGN_IN = { CANARY_SIGN_IN_EMAIL: 'operator@example.com', CANARY_SIGN_IN_CODE: CODE };
const FAST = {
  CANARY_STEPS: '100',
  CANARY_WINDOW: '1m',
  CANARY_MIN_REQUESTS: '5',
  CANARY_POLL_SECONDS: '1.2',
  CANARY_SOURCE: 'logs',
};
/**
 * Whatever signs somebody in, or was issued to somebody who is signed in. A signed token is long: the marks in a report,
 * of eight characters each, may begin like one.
 */
const SECRETS = new RegExp(`${CODE}|oa_[ar]t_|eyJ[\\w-]{10}`);

const cloudOf = () =>
  cloudWithCandidate({
    perMinute: 30,
    clockWaitsAfterMs: 60_000,
    env: { OA_AUTH_MOCK_MAGIC_CODE: CODE },
  });

/** Promotes with a report, which comes back with the run. */
async function promote(
  cloud: Emulator,
  env: Record<string, string>,
  onServed: () => void = () => {},
): Promise<ScriptRun & { text: string; record: Awaited<ReturnType<typeof readReport>>['record'] }> {
  await using checkout = await testCheckout();
  const about = { checkout, location: LOCATION, image: `${IMAGES}:two`, evidenceReport: undefined };
  const { path = '' } = await openEvidence({ ...about, note: () => {} });
  const run = await runScriptProcess('canary-rollout', ['promote'], {
    env: { ...cloudEnv(cloud), ...FAST, EVIDENCE_REPORT: path, ...env },
    onStart(child) {
      let seen = '';
      child.stdout?.on('data', (chunk: string | Buffer) => {
        if (seen.includes('served now')) return;
        seen += chunk;
        if (seen.includes('served now')) onServed();
      });
    },
  });
  const { record } = await readReport(path);
  return { ...run, text: await readFile(path, 'utf8'), record };
}

const notesOf = ({ record }: Awaited<ReturnType<typeof promote>>): string[] =>
  (record.promotions ?? []).flatMap(({ notes }) => notes.map(({ text }) => text));

describe('the checks after each step of a promotion', { concurrency: 2 }, () => {
  test('sign in at the candidate and land in the report, and no secret lands anywhere', async () => {
    await using cloud = await cloudOf();
    const run = await promote(cloud, SIGN_IN);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(
      notesOf(run).flatMap(
        (note) =>
          /^post-stage checks at (\d+) % passed: sign-in-code, .*, policy-deny$/.exec(note)?.[1] ?? [],
      ),
      ['0', '100'],
    );
    const made = run.record.smokes.filter(({ suite }) => suite === 'post-stage');
    assert.deepEqual(
      made.map(({ state, checks }) => [state, checks.length]),
      [
        ['passed', 10],
        ['passed', 10],
      ],
    );
    assert.match(run.text, /\| evaluate-l402-paywalls +\| passed +\|/);
    assert.doesNotMatch(run.stdout + run.stderr + run.text, SECRETS);
  });

  test('take a candidate back whose sign-in has broken, though nobody else has noticed', async () => {
    await using cloud = await cloudOf();
    const [stable = '', canary = ''] = revisionNames(cloud);
    const run = await promote(cloud, { ...SIGN_IN, CANARY_STEPS: '50,100' }, () =>
      cloud.setFaults(`${IMAGES}:two`, { failingSignInPercent: 100 }),
    );
    assert.equal(run.exitCode, 1, run.stderr);
    assert.match(
      run.stderr,
      /^error: \S+ was rolled back at 50 %.*: 1 of 1 smoke checks of the candidate failed \(sign-in: POST \S+\/api\/auth\/verify: expected a status below 400, got status 422\)$/m,
    );
    assert.deepEqual(serving(cloud), [`${stable}=100`, `${canary}=0(candidate)`]);
    assert.match(
      cloud.service(SERVICE).annotations?.['openagents.com/canary-failed'] ?? '',
      new RegExp(canary),
    );
    assert.ok(notesOf(run).some((note) => note.startsWith('post-stage checks failed: sign-in: ')));
    assert.match(run.text, /\| sign-in +\| failed +\|/);
    assert.doesNotMatch(run.stdout + run.stderr + run.text, SECRETS);
  });

  test('are skipped with a token from elsewhere, and the report says why', async () => {
    await using cloud = await cloudOf();
    const token = 'oa-token-of-the-stable-revision-0123456789';
    const run = await promote(cloud, { OPENAGENTS_CONTROL_ACCESS_TOKEN: token });
    assert.equal(run.exitCode, 0, run.stderr);
    const told = notesOf(run).filter((note) => note.startsWith('post-stage checks'));
    assert.equal(told.length, 1, 'once');
    assert.match(
      told[0] ?? '',
      /^post-stage checks skipped: the access token was not issued by this revision \(401\)/,
    );
    assert.doesNotMatch(run.stdout + run.stderr + run.text, new RegExp(token));
  });

  test('that fail before any traffic keep it from the candidate', async () => {
    await using cloud = await cloudOf();
    const before = serving(cloud);
    const run = await promote(cloud, { ...SIGN_IN, CANARY_SIGN_IN_CODE: 'another-code-0123456789' });
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /^error: \S+ was not given any traffic: sign-in: POST /m);
    assert.deepEqual(serving(cloud), before);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
  });

  for (const [given, missing] of [
    ['CANARY_SIGN_IN_EMAIL', 'CANARY_SIGN_IN_CODE'],
    ['CANARY_SIGN_IN_CODE', 'CANARY_SIGN_IN_EMAIL'],
  ] as const) {
    test(`${given} alone is refused`, async () => {
      const env = { PROJECT: 'p', CLOUD_RUN_EMULATOR_HOST: '127.0.0.1:1', [given]: SIGN_IN[given] };
      const run = await runScript('canary-rollout', ['promote'], { env });
      assert.equal(run.exitCode, 1);
      assert.match(run.stderr, new RegExp(`^error: ${given} is set and ${missing} is not$`, 'm'));
    });
  }
});
