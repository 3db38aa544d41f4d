import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  decimalNumber,
  flag,
  oneOf,
  readSettings,
  redact,
  Secret,
  secretText,
  text,
  textWithDefault,
  UserError,
  wholeNumber,
} from '@deploy/cli';

const settings = {
  project: text('PROJECT', ''),
  region: textWithDefault('REGION', 'us-central1', ''),
  dryRun: flag('DRY_RUN', ''),
  probes: flag('PROBES', '', true),
  ttl: wholeNumber('TTL', { min: 60, max: 3600, default: 900 }, ''),
  share: decimalNumber('SHARE', { min: 0.01, max: 100, default: 1 }, ''),
  format: oneOf('FORMAT', ['lines', 'json'], ''),
  token: secretText('TOKEN', ''),
};

const defaults = {
  project: undefined,
  region: 'us-central1',
  dryRun: false,
  probes: true,
  ttl: 900,
  share: 1,
  format: 'lines',
  token: undefined,
};

describe('reading settings', () => {
  test('a secret that is too long for Secret Manager is refused by its name, unquoted', () => {
    assert.throws(
      () => readSettings({ TOKEN: 'x'.repeat(64 * 1024 + 1) }, settings),
      (error) =>
        error instanceof UserError &&
        error.message === 'TOKEN has 65537 characters, but a secret has at most 65536',
    );
    assert.equal(readSettings({ TOKEN: 'x'.repeat(64 * 1024) }, settings).token?.reveal().length, 64 * 1024);
  });

  test('an empty variable counts as unset, an unknown one is ignored', () => {
    const empty = {
      PROJECT: '',
      REGION: '',
      DRY_RUN: '',
      PROBES: '',
      TTL: '',
      SHARE: '',
      FORMAT: '',
      TOKEN: '',
      OTHER: 'x',
    };
    assert.deepEqual({ ...readSettings({}, settings) }, defaults);
    assert.deepEqual({ ...readSettings(empty, settings) }, defaults);
  });

  test('values become what they are', () => {
    const given = {
      PROJECT: 'p',
      REGION: 'r',
      DRY_RUN: '1',
      PROBES: '0',
      TTL: '60',
      SHARE: '0.5',
      FORMAT: 'json',
    };
    const expected = {
      project: 'p',
      region: 'r',
      dryRun: true,
      probes: false,
      ttl: 60,
      share: 0.5,
      format: 'json',
      token: undefined,
    };
    assert.deepEqual({ ...readSettings(given, settings) }, expected);
  });

  for (const [name, value] of [
    ['DRY_RUN', 'true'],
    ['DRY_RUN', 'yes'],
    ['DRY_RUN', ' 1'],
    ['TTL', '59'],
    ['TTL', '3601'],
    ['TTL', '60.5'],
    ['TTL', '1e3'],
    ['TTL', '9'.repeat(400)],
    ['SHARE', '0'],
    ['SHARE', '100.5'],
    ['SHARE', '1,5'],
    ['SHARE', '.5'],
    ['SHARE', '1e1'],
    ['FORMAT', 'xml'],
  ] as const) {
    test(`${name}=${value.slice(0, 20)} is refused by name, never taken for something else`, () => {
      assert.throws(
        () => readSettings({ [name]: value }, settings),
        (error) =>
          error instanceof UserError && error.exitCode === 1 && error.message.startsWith(`${name} is "`),
      );
    });
  }
});

test('a value is quoted as it was given, so that what is wrong with it can be seen', () => {
  for (const [value, quoted] of [
    ['1 ', '"1 "'],
    ['1\r', '"1\\r"'],
    [' 1\n', '" 1\\n"'],
    ['"1"', '"\\"1\\""'],
  ] as const) {
    assert.throws(
      () => readSettings({ DRY_RUN: value }, settings),
      (error) => error instanceof UserError && error.message.startsWith(`DRY_RUN is ${quoted}, but a switch`),
    );
  }
});

describe('a secret', () => {
  const value = 'tok/en+"with specials"=9f8e7d';
  const { token } = readSettings({ TOKEN: value }, settings);
  assert.ok(token instanceof Secret);

  test('shows as <redacted> wherever it is printed, joined, inspected or serialised', () => {
    for (const shown of [
      `${token}`,
      String(token),
      inspect(token),
      inspect({ deep: { token } }),
      JSON.stringify({ token }),
    ]) {
      assert.ok(shown.includes('<redacted>'), shown);
      assert.ok(!shown.includes('9f8e7d'), shown);
    }
    assert.equal(token.reveal(), value);
  });

  test('is removed from any text, also URL-encoded, inside JSON and in base64', () => {
    const forms = [
      value,
      encodeURIComponent(value),
      JSON.stringify({ a: value }),
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('base64url'),
    ];
    for (const form of forms) {
      const clean = redact(`before ${form} after`);
      assert.match(clean, /^before .*<redacted>.* after$/);
      assert.ok(!clean.includes(value) && !clean.includes('9f8e7d'));
    }
  });

  test('a value too short to be told from ordinary text does not blank out output', () => {
    new Secret('100');
    assert.equal(redact('a=100'), 'a=100');
  });
});
