import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cleanText, readSettings, redact, redactGuess, Secret, textWithDefault } from '@deploy/cli';
import { takeSecretsOut } from '../../packages/cli/src/secret-variables.ts';

describe('a secret is redacted', () => {
  const value = 'p&ss/wörd<\'1"2>+= x!';
  new Secret(value);
  const rows: [string, string][] = [
    ['as it is', value],
    ['percent-encoded', encodeURIComponent(value)],
    [
      'percent-encoded in lower case',
      encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
    ],
    [
      'percent-encoded to the last mark',
      encodeURIComponent(value).replaceAll("'", '%27').replaceAll('!', '%21'),
    ],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['in JSON with its slashes escaped', JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/')],
    [
      'in JSON as Go writes it',
      JSON.stringify(value)
        .slice(1, -1)
        .replaceAll('&', '\\u0026')
        .replaceAll('<', '\\u003c')
        .replaceAll('>', '\\u003e'),
    ],
    ['in HTML', value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')],
    [
      'in XML',
      value
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&apos;'),
    ],
    ['in base64', Buffer.from(value).toString('base64')],
  ];
  for (const [where, text] of rows)
    test(where, () => assert.equal(redact(`before ${text} after`), 'before <redacted> after'));

  for (const user of ['', 'u', 'op', 'ops', 'deployer']) {
    test(`in the Basic credentials of "${user}"`, () => {
      const credentials = Buffer.from(`${user}:${value}`).toString('base64');
      const left = redact(`authorization: Basic ${credentials}`).replace('authorization: Basic ', '');
      const shown = left.split('<redacted>').join('');
      assert.ok(left.includes('<redacted>') && shown.length <= Math.ceil((user.length + 1) * 1.4) + 8, left);
    });
  }

  test('where colours split it', () =>
    assert.equal(redact(cleanText(`${value.slice(0, 5)}\u001b[31m${value.slice(5)}`)), '<redacted>'));

  test('where characters without width split it', () =>
    assert.equal(redact(cleanText([...value].join('\u200b'))), '<redacted>'));

  test('line by line', () => {
    new Secret(
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n  hkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n',
    );
    assert.equal(
      redact('-----BEGIN PRIVATE KEY-----\nkey: MIIEvQIBADANBgkq, hkiG9w0BAQEFAASC'),
      '-----BEGIN PRIVATE KEY-----\nkey: <redacted>, <redacted>',
    );
  });

  test('where one secret begins with another', () => {
    new Secret('sesame-open');
    new Secret('sesame-open-now');
    assert.equal(redact('sesame-open-now sesame-open'), '<redacted> <redacted>');
  });
});

describe('of the environment is redacted', () => {
  const redacted = (env: Record<string, string>, text: string): string => {
    takeSecretsOut({ ...env });
    return redact(text);
  };
  test('the password in a URL, as it stands and decoded', () => {
    const env = {
      DATABASE_URL: 'postgres://app:s%40lt-9f3a@db/app',
      HTTPS_PROXY: 'http://me:pr0xy-pw@proxy:3128',
    };
    assert.equal(
      redacted(env, 'db s@lt-9f3a s%40lt-9f3a through http://me:pr0xy-pw@proxy:3128'),
      'db <redacted> <redacted> through http://me:<redacted>@proxy:3128',
    );
  });
  test('a token in the place of the name', () =>
    assert.equal(
      redacted({ GIT_REMOTE: 'https://ghp_0123456789abcdef@github.com/x' }, 'ghp_0123456789abcdef'),
      '<redacted>',
    ));
  test('the name of a user is not', () =>
    assert.equal(redacted({ REMOTE: 'ssh://git@github.com/x' }, 'git status'), 'git status'));
});

describe('what callers read stays', () => {
  test('where a variable with the name of a secret holds what the script prints by contract', () => {
    takeSecretsOut({ LDAP_PASSWORD: 'us-central1', OTHER_PASSWORD: 'agents-control' });
    readSettings(
      {},
      {
        region: textWithDefault('REGION', 'us-central1', 'region'),
        service: textWithDefault('SERVICE', 'openagents-control-service', 'service'),
      },
    );
    const line = '+ gcloud run services describe openagents-control-service --region us-central1';
    assert.equal(redact(line), line);
  });
  test('where it holds an ordinary word', () => {
    takeSecretsOut({ LDAP_PASSWORD: 'readiness', ADMIN_PASSWORD: 'Staging1' });
    assert.equal(redact('[smoke] readiness'), '[smoke] readiness');
  });
  test('but a URL with a password that the script is given hides the password', () => {
    redactGuess('url-pass-77');
    readSettings({ BASE: 'https://me:url-pass-77@host' }, { base: textWithDefault('BASE', '', 'url') });
    assert.equal(redact('https://me:url-pass-77@host'), 'https://me:<redacted>@host');
  });
});

test('characters that nobody sees are taken out', () => {
  assert.equal(cleanText('a\u200bb\u2060c\ufeffd\u061ce\u{e0041}\u{e007f}f\u00adg'), 'abcdefg');
  assert.equal(cleanText('naïve 日本語 😀'), 'naïve 日本語 😀');
});

test('a secret that is too long for a regular expression is redacted, beside a short one', () => {
  const long = `long-${'a'.repeat(1 << 20)}`;
  new Secret(long);
  new Secret('short-secret-0123');
  assert.equal(redact(`${long} and short-secret-0123`), '<redacted> and <redacted>');
});
