import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  decimalNumber,
  duration,
  flag,
  oneOf,
  outputFormat,
  readSettings,
  redact,
  Secret,
  type Setting,
  secretText,
  text,
  textWithDefault,
  tokenText,
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
  shown: outputFormat('SHOWN', '', { plain: 'text', table: 'table' }),
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
  shown: 'auto',
  token: undefined,
};

describe('reading settings', () => {
  test('a format has the same words everywhere; those of before are understood, and not offered', () => {
    const shown = (word: string) => readSettings({ SHOWN: word }, settings).shown;
    assert.deepEqual(['auto', 'text', 'json'].map(shown), ['auto', 'text', 'json']);
    assert.deepEqual(['plain', 'table'].map(shown), ['text', 'table']);
    assert.match(settings.shown.meaning, /^auto, text or json: /);
    assert.throws(
      () => shown('lines'),
      /^UserError: SHOWN is "lines", but must be one of: auto, text, json$/,
    );
  });

  test('a secret that is too long for Secret Manager is refused by its name, unquoted', () => {
    assert.throws(
      () => readSettings({ TOKEN: 'x'.repeat(64 * 1024 + 1) }, settings),
      (error) =>
        error instanceof UserError &&
        error.message === 'TOKEN has 65537 characters, but a secret has at most 65536' &&
        error.hint === 'Give the token itself. Was a whole file read into it?',
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
      shown: 'auto',
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

/** What is wrong with a value of one setting, and what to do about it. */
function refusal(setting: Setting<unknown>, value: string): { message: string; hint: string | undefined } {
  let refused: UserError | undefined;
  assert.throws(
    () => setting.parse(value),
    (error) => {
      assert.ok(error instanceof UserError);
      refused = error;
      return true;
    },
  );
  return { message: refused?.message ?? '', hint: refused?.hint };
}

test('a refusal says what would do', () => {
  const ttl = wholeNumber('TTL', { min: 60, max: 3600, default: 900 }, '');
  const share = decimalNumber('SHARE', { min: 0.01, max: 100, default: 1 }, '');
  assert.equal(refusal(ttl, '60.5').message, 'TTL is "60.5", but must be a whole number from 60 to 3600');
  assert.equal(refusal(share, '.5').message, 'SHARE is ".5", but must be a number from 0.01 to 100');
  assert.equal(
    refusal(oneOf('FORMAT', ['lines', 'json'], ''), 'xml').message,
    'FORMAT is "xml", but must be one of: lines, json',
  );
  assert.deepEqual(refusal(flag('DRY_RUN', ''), 'yes'), {
    message: 'DRY_RUN is "yes", but a switch is 1 (on) or 0 (off)',
    hint: 'Set DRY_RUN=1 or DRY_RUN=0, or leave it unset (0).',
  });
  assert.equal(
    refusal(flag('PROBES', '', true), 'yes').hint,
    'Set PROBES=1 or PROBES=0, or leave it unset (1).',
  );
  assert.equal(
    refusal(duration('AGE', '7d', ''), '7').message,
    'AGE is "7", but must be a time span such as 30m, 12h or 7d',
  );
});

test('a long value is quoted as far as its sixtieth character', () => {
  const format = oneOf('FORMAT', ['lines', 'json'], '');
  const just = 'x'.repeat(60);
  assert.match(refusal(format, just).message, new RegExp(`^FORMAT is "${just}", but`));
  assert.match(refusal(format, `${just}y`).message, new RegExp(`^FORMAT is "${just}…", but`));
});

test('numbers are taken up to their bounds, and with as many digits as they need', () => {
  const ttl = wholeNumber('TTL', { min: 60, max: 3600, default: 900 }, '');
  const share = decimalNumber('SHARE', { min: 0.01, max: 100, default: 1 }, '');
  assert.deepEqual(['60', '3600'].map(ttl.parse), [60, 3600]);
  assert.deepEqual(['0.01', '12', '12.25', '100'].map(share.parse), [0.01, 12, 12.25, 100]);
  for (const bad of ['12.', '1.2.3', ' 12', '12 ', '-1', '1e1', 'x1']) refusal(share, bad);
  for (const bad of ['', ' 60', '60 ', 'x60']) refusal(ttl, bad);
});

test('a time span is a number and a unit', () => {
  const age = duration('AGE', '90s', '');
  assert.deepEqual(
    [undefined, '1s', '30m', '12h', '7d', '123456s'].map((text) => age.parse(text)),
    [90_000, 1000, 1_800_000, 43_200_000, 604_800_000, 123_456_000],
  );
  for (const bad of ['1', 's', '1w', ' 1s', '1s ', '1.5h', '1234567s', '-1s', 'x1s', '1sx'])
    refusal(age, bad);
});

test('a token is visible ASCII and nothing else, and is not quoted when it is refused', () => {
  const token = tokenText('TOKEN', 'meaning');
  assert.equal(token.parse(undefined), undefined);
  for (const good of ['x', 'abc.DEF-_~123', '!~']) assert.equal(token.parse(good)?.reveal(), good);
  for (const bad of ['a b', 'ab\n', '\tab', 'paß', 'a\u007f', 'Bearer x']) {
    assert.deepEqual(refusal(token, bad), {
      message: 'TOKEN contains a space, a line break or another character that tokens never contain',
      hint: 'Give the token alone, as it was issued.',
    });
  }
});

test('a setting says its name, its meaning, its default and whether it is a secret', () => {
  const about = ({ name, meaning, defaultText, secret }: Setting<unknown>) => [
    name,
    meaning,
    defaultText,
    secret,
  ];
  assert.deepEqual(
    [
      text('A', 'a'),
      textWithDefault('B', 'b', 'is b'),
      flag('C', 'c'),
      flag('D', 'd', true),
      wholeNumber('E', { min: 1, max: 9, default: 5 }, 'e'),
      decimalNumber('F', { min: 1, max: 9, default: 5.5 }, 'f'),
      duration('G', '7d', 'g'),
      oneOf('H', ['x', 'y'], 'h'),
      secretText('I', 'i'),
      tokenText('J', 'j'),
    ].map(about),
    [
      ['A', 'a', undefined, undefined],
      ['B', 'is b', 'b', undefined],
      ['C', 'c', '0', undefined],
      ['D', 'd', '1', undefined],
      ['E', 'e', '5', undefined],
      ['F', 'f', '5.5', undefined],
      ['G', 'g', '7d', undefined],
      ['H', 'x or y: h', 'x', undefined],
      ['I', 'i', undefined, true],
      ['J', 'j', undefined, true],
    ],
  );
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
