import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { redact, secretsAmong } from '@deploy/cli';
import { takeSecretsOut } from '@deploy/cli/start';

test('secrets by their names are known from the start, and left to no command that simply inherits the environment', () => {
  const environment: Record<string, string | undefined> = {
    PATH: '/usr/bin',
    DATABASE_PASSWORD: 'pw-0123456789',
    USE_TOKEN: '1',
    AWS_SESSION_TOKEN: 'aws-0123456789',
    MY_AWS_TOKEN: 'mine-0123456789',
    GONE_TOKEN: undefined,
    MAINTENANCE_BYPASS_SECRET_NAME: 'bypass-of-the-service',
  };
  const whole = takeSecretsOut(environment);
  assert.deepEqual(Object.keys(environment), ['PATH', 'AWS_SESSION_TOKEN', 'MAINTENANCE_BYPASS_SECRET_NAME']);
  assert.equal(whole.DATABASE_PASSWORD, 'pw-0123456789');
  assert.equal(
    redact('connecting with pw-0123456789 and aws-0123456789 to bypass-of-the-service, 1 try'),
    'connecting with <redacted> and <redacted> to bypass-of-the-service, 1 try',
  );
});

// Every script looks through its whole environment as it starts. A look that takes the square of a value's length takes
// hours for these; this one takes a few milliseconds.
for (const [what, value] of [
  ['letters', 'a'.repeat(2_000_000)],
  ['URLs without a password', 'https://'.repeat(250_000)],
] as const) {
  test(`a variable of two megabytes of ${what} keeps no script from starting`, () => {
    const look = (): string[] => secretsAmong({ CERTIFICATES: `${value} https://me:pass-0123@host` });
    assert.deepEqual(runInNewContext('look()', { look }, { timeout: 60_000 }), ['pass-0123', 'pass-0123']);
  });
}
