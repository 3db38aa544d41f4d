import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  cleanText,
  readSettings,
  redact,
  redactForms,
  redactGuess,
  Secret,
  textWithDefault,
} from '@deploy/cli';
import { takeSecretsOut } from '@deploy/cli/start';

const escapedForPages = (json: string): string =>
  json.replace(/[<>&'=+]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

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
    ['in a form', encodeURIComponent(value).replaceAll('%20', '+')],
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
    ['in JSON as it stands in a page', escapedForPages(JSON.stringify(value).slice(1, -1))],
    [
      'in JSON as it stands in a page, with its slashes escaped',
      escapedForPages(JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/')),
    ],
    ['in HTML', value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')],
    ...['&apos;', '&#39;', '&#x27;'].map((apostrophe): [string, string] => [
      `in XML with ${apostrophe}`,
      value
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", apostrophe),
    ]),
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

  test('in base64 for URLs, with a name before it and more after it', () => {
    const bytes = '>>>???>>>???>>>';
    new Secret(bytes);
    for (const user of ['u', 'op', 'ops']) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const shown = redact(Buffer.from(`${user}:${bytes}; and more`).toString(encoding));
        assert.ok(shown.includes('<redacted>'), shown);
        assert.ok(shown.replace('<redacted>', '').length < 24, shown);
      }
    }
  });

  test('in base64 with something before it, from ten characters on', () => {
    new Secret('ten-chars!');
    for (const before of [':', 'x:', 'xy:'])
      assert.match(redact(Buffer.from(`${before}ten-chars!`).toString('base64')), /<redacted>/);
    new Secret('nine-char');
    const shorter = Buffer.from('x:nine-char').toString('base64');
    assert.equal(redact(shorter), shorter);
  });

  test('with a star, percent-encoded to the last mark', () => {
    new Secret('pass*word*one');
    assert.equal(redact('pass%2Aword%2Aone pass%2aword%2aone'), '<redacted> <redacted>');
  });

  test('from four characters on', () => {
    new Secret('q7!x');
    new Secret('q7!');
    assert.equal(redact('q7!x q7!'), '<redacted> q7!');
  });

  test('with the blanks around it, and without', () => {
    new Secret('  in-the-middle-77 ');
    assert.equal(redact('[  in-the-middle-77 ] [in-the-middle-77]'), '[<redacted>] [<redacted>]');
  });

  test('line by line, where a line is long enough to tell', () => {
    new Secret('first-line-0123\r\nshorter\neight-78\n        z        \nkey-----BEGIN it\nlast-line-0123');
    for (const line of ['first-line-0123', 'eight-78', 'key-----BEGIN it', 'last-line-0123'])
      assert.equal(redact(`a ${line} b`), 'a <redacted> b');
    for (const line of ['shorter', '        z        ']) assert.equal(redact(line), line);
  });

  test('that a process of ours has told us', () => {
    redactForms(['told-by-a-child', 'told-by-another']);
    assert.equal(redact('told-by-a-child told-by-another'), '<redacted> <redacted>');
  });

  test('where another one is a part of what is put in its place', () => {
    new Secret('dacted');
    new Secret('longer-than-the-other');
    assert.equal(redact('longer-than-the-other dacted'), '<redacted> <redacted>');
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
  test('a password with a colon or a percent sign in it, under a scheme of any length', () => {
    const env = {
      A: 'a://me:pw:with-colon@h',
      B: 'h2://me:100%of-it@h',
      C: 'two in a text: https://me:pw-first-1@h and https://me:pw-second-2@h',
    };
    assert.equal(
      redacted(env, 'pw:with-colon 100%of-it pw-first-1 pw-second-2'),
      '<redacted> <redacted> <redacted> <redacted>',
    );
  });
  test('a token in the place of the name, from eight characters on', () =>
    assert.equal(
      redacted({ A: 'https://ghp_1234@h', B: 'https://ghp_567@h' }, 'ghp_1234 ghp_567'),
      '<redacted> ghp_567',
    ));
  test('a value under the name of a secret, from eight characters on', () =>
    assert.equal(
      redacted(
        { X_TOKEN: 'k3y-4567', Y_TOKEN: 'k4y-456', APIKEY: 'api-key-001', API_KEY: 'api-key-002' },
        'k3y-4567 k4y-456 api-key-001 api-key-002',
      ),
      '<redacted> k4y-456 <redacted> <redacted>',
    ));
  test('a value that only ends, or begins, like an ordinary word', () =>
    assert.equal(
      redacted(
        { X_SECRET: '9f-readiness', Y_SECRET: 'readiness-9f', Z_SECRET: 'readiness12' },
        '9f-readiness readiness-9f readiness12',
      ),
      '<redacted> <redacted> <redacted>',
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
    const words = ['readiness', 'Staging1', 'Production', 'PRODUCTION', 'PRODUCTION1', 'maintenance'];
    takeSecretsOut(Object.fromEntries(words.map((word, i) => [`ADMIN_${'X'.repeat(i)}_PASSWORD`, word])));
    for (const word of words) assert.equal(redact(`[smoke] ${word}`), `[smoke] ${word}`);
  });
  test('but a URL with a password that the script is given hides the password', () => {
    redactGuess('url-pass-77');
    readSettings({ BASE: 'https://me:url-pass-77@host' }, { base: textWithDefault('BASE', '', 'url') });
    assert.equal(redact('https://me:url-pass-77@host'), 'https://me:<redacted>@host');
  });
  test('and the URL without them stays as it is', () => {
    redactGuess('https://plain-78.example');
    readSettings({ BASE: 'https://me@plain-78.example' }, { base: textWithDefault('BASE', '', 'url') });
    assert.equal(redact('https://plain-78.example'), 'https://plain-78.example');
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
  assert.equal(redact(`only ${long}`), 'only <redacted>');
});
