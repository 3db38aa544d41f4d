import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '@deploy/cli';
import { runPostStageChecks, type SmokeOutcome, whySkipped } from '@deploy/smoke';
import { controlService } from '../support/control-service.ts';

const TOKEN = 'oa_at_00000000000000000000000000000001';
const MOCK = { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'signing-key' };
const SIGN_IN = { email: 'operator@example.com', code: new Secret('123456') };

type Service = Parameters<typeof controlService>[0];
type Login = Partial<Pick<Parameters<typeof runPostStageChecks>[0], 'accessToken' | 'signIn'>>;

async function checked(service: Service, login: Login): Promise<SmokeOutcome> {
  await using running = await controlService({ env: MOCK, ...service });
  return await runPostStageChecks({
    ...{ baseUrl: running.url, timeoutMs: 15_000, retries: 0, script: 'test', env: {} },
    ...{ accessToken: undefined, signIn: undefined },
    ...login,
  });
}

const failed = ({ checks }: SmokeOutcome) =>
  checks.flatMap((check) => (check.state === 'failed' ? `${check.id}: ${check.expected}; ${check.got}` : []));

describe('the checks after a stage', { concurrency: 4 }, () => {
  const all = [
    'session',
    'sync-token',
    'route-split-status',
    'evaluate-login',
    'evaluate-onboarding-checklist',
    'evaluate-l402-paywalls',
    'policy-allow',
    'policy-deny',
  ];

  test('pass with a token that the service issued', async () => {
    const outcome = await checked({ behaviour: { accessToken: TOKEN } }, { accessToken: new Secret(TOKEN) });
    assert.deepEqual(
      outcome.checks.map(({ id, state }) => [id, state]),
      all.map((id) => [id, 'passed']),
    );
    assert.equal(whySkipped(outcome), undefined);
  });

  test('sign in at the service itself, and show nothing that it issued', async () => {
    const outcome = await checked({}, { accessToken: new Secret('of-another-revision'), signIn: SIGN_IN });
    assert.deepEqual(
      outcome.checks.map(({ id, state }) => [id, state]),
      ['sign-in-code', 'sign-in', ...all].map((id) => [id, 'passed']),
    );
    assert.doesNotMatch(JSON.stringify(outcome), /oa_[ar]t_|challenge_|eyJ|123456/);
  });

  test('are skipped with a token from elsewhere, which is no failure', async () => {
    const outcome = await checked({}, { accessToken: new Secret('of-another-revision') });
    assert.equal(outcome.state, 'passed');
    assert.deepEqual(
      outcome.checks.map(({ id }) => id),
      all,
    );
    assert.match(whySkipped(outcome) ?? '', /^the access token was not issued by this revision \(401\)/);
  });

  test('are skipped without any login', async () => {
    assert.match(whySkipped(await checked({}, {})) ?? '', /are unset$/);
  });

  const rows: [name: string, service: Service, fails: RegExp][] = [
    ['a wrong code', { env: { ...MOCK, OA_AUTH_MOCK_MAGIC_CODE: '654321' } }, /^sign-in: .*status 422/],
    ['no way to sign in', { env: { OA_AUTH_PROVIDER_MODE: 'workos' } }, /^sign-in-code: .*status 503/],
    ['a session that is not known', statuses('/api/auth/session', 401), /^session: .*status 401/],
    ['no sync tokens', { env: { ...MOCK, OA_SYNC_TOKEN_ENABLED: 'false' } }, /^sync-token: .*status 503/],
    [
      'a route split without its status',
      statuses('/api/v1/control/route-split/status', 200),
      /^route-split-status: a route split with its mode; status 200$/,
    ],
    [
      'pages that go to the legacy host',
      { env: { ...MOCK, OA_ROUTE_SPLIT_MODE: 'legacy' } },
      /^evaluate-login: target rust_shell for \/login; status 200, target "legacy", reason "mode_legacy"\nevaluate-onboarding-checklist: .*\nevaluate-l402-paywalls: /,
    ],
    [
      'a policy that says neither yes nor no',
      statuses('/api/policy/authorize', 200),
      /^policy-allow: allowed true; .*\npolicy-deny: allowed false; /,
    ],
  ];
  for (const [name, service, fails] of rows) {
    test(`fail with ${name}`, async () => {
      const outcome = await checked(service, { signIn: SIGN_IN });
      assert.equal(outcome.state, 'failed');
      assert.match(failed(outcome).join('\n'), fails);
      assert.doesNotMatch(JSON.stringify(outcome), /oa_[ar]t_|challenge_|eyJ|123456/);
    });
  }
});

function statuses(path: string, status: number): Service {
  return { behaviour: { statuses: { [path]: status } } };
}
