import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret, UserError } from '@deploy/cli';
import { gcloudCommands } from '@deploy/cloudrun';
import { checkMaintenanceValues, checkToken } from '@deploy/cloudrun/maintenance';

const good = {
  allowedPaths: '/healthz,/readyz',
  cookieName: 'oa_maintenance_bypass',
  cookieTtl: '900',
  secretName: 'bypass-token',
};

describe('values that the service would silently replace by its defaults are refused by name', () => {
  const cases: [keyof typeof good, string, string][] = [
    ['cookieTtl', '59', 'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS'],
    ['cookieTtl', '900s', 'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS'],
    ['cookieTtl', '-900', 'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS'],
    ['cookieTtl', '1e3', 'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS'],
    ['cookieTtl', '0900', 'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS'],
    ['cookieName', 'two words', 'MAINTENANCE_BYPASS_COOKIE_NAME'],
    ['cookieName', 'a=b', 'MAINTENANCE_BYPASS_COOKIE_NAME'],
    ['cookieName', 'a;b', 'MAINTENANCE_BYPASS_COOKIE_NAME'],
    ['allowedPaths', 'healthz', 'MAINTENANCE_ALLOWED_PATHS'],
    ['allowedPaths', '*', 'MAINTENANCE_ALLOWED_PATHS'],
    ['allowedPaths', '/a*b', 'MAINTENANCE_ALLOWED_PATHS'],
    ['allowedPaths', '/a, /b', 'MAINTENANCE_ALLOWED_PATHS'],
    ['allowedPaths', '/a,,/b', 'MAINTENANCE_ALLOWED_PATHS'],
    ['allowedPaths', '/a\n/b', 'MAINTENANCE_ALLOWED_PATHS'],
    ['secretName', 'a/b', 'MAINTENANCE_BYPASS_SECRET_NAME'],
  ];
  for (const [key, value, variable] of cases) {
    test(`${variable}=${JSON.stringify(value)}`, () => {
      assert.throws(
        () => checkMaintenanceValues({ ...good, [key]: value }),
        (error) =>
          error instanceof UserError &&
          error.exitCode === 1 &&
          error.message.startsWith(`${variable} holds "`),
      );
    });
  }

  for (const [key, value] of [
    ['cookieTtl', '60'],
    ['allowedPaths', '/'],
    ['allowedPaths', '/v1/things:list,/assets/*'],
  ] as const) {
    test(`${key} ${value} is fine`, () => assert.ok(checkMaintenanceValues({ ...good, [key]: value })));
  }
});

describe('a bypass token', () => {
  for (const token of [
    'with space-0123456789',
    'plus+0123456789abcdef',
    'slash/0123456789abcdef',
    'per%20cent0123456789',
  ]) {
    test(`${token} would break in a URL and is refused, without being quoted`, () => {
      assert.throws(
        () => checkToken(new Secret(token)),
        (error) =>
          error instanceof UserError && !error.message.includes(token) && !error.hint?.includes(token),
      );
    });
  }

  test('of under 16 characters gets a warning, one of 16 does not', () => {
    assert.match(checkToken(new Secret('a'.repeat(15))) ?? '', /only 15 characters/);
    assert.equal(checkToken(new Secret('b'.repeat(16))), undefined);
  });
});

test('paths with a colon get another delimiter in the gcloud line, since gcloud would cut them in two', () => {
  const at = { project: 'p', region: 'r', service: 's' };
  const values = checkMaintenanceValues({ ...good, allowedPaths: '/v1/things:list' });
  assert.match(
    gcloudCommands.enableMaintenance(at, values),
    / \^@\^OA_MAINTENANCE_MODE_ENABLED=true@.*things:list --update-secrets /,
  );
});
