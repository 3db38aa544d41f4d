import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type ProxyServer, proxyAuthorization, proxyFor, redact, UserError } from '@deploy/cli';
import { without } from '../support/needs.ts';

type Env = Record<string, string>;

const proxyOf = (env: Env, url = 'https://service.example.com/readyz') => proxyFor(new URL(url), env);

describe('the proxy that a variable names', () => {
  const cases: [value: string, expected: Partial<ProxyServer>][] = [
    ['http://proxy.example.com:3128', { protocol: 'http', host: 'proxy.example.com', port: 3128 }],
    ['proxy.example.com:3128', { protocol: 'http', host: 'proxy.example.com', port: 3128 }],
    ['proxy.example.com', { protocol: 'http', port: 1080 }],
    ['http://proxy.example.com:80/', { protocol: 'http', port: 80 }],
    ['https://proxy.example.com', { protocol: 'https', port: 443 }],
    ['HTTP://Proxy.Example.com:3128/path?query', { protocol: 'http', host: 'proxy.example.com', port: 3128 }],
    ['socks5h://127.0.0.1', { protocol: 'socks5h', host: '127.0.0.1', port: 1080 }],
    ['socks5://[::1]:9050', { protocol: 'socks5', host: '::1', port: 9050, shown: 'socks5://[::1]:9050' }],
    ['socks4a://proxy:1', { protocol: 'socks4a' }],
    ['socks://proxy:1', { protocol: 'socks4' }],
    ['user@proxy:3128', { host: 'proxy', port: 3128, shown: 'http://proxy:3128' }],
  ];
  for (const [value, expected] of cases) {
    test(value, () => {
      assert.partialDeepStrictEqual(proxyOf({ HTTPS_PROXY: value }), {
        variable: 'HTTPS_PROXY',
        ...expected,
      });
    });
  }

  test('has its login decoded, and never shows it', () => {
    const proxy = proxyOf({ https_proxy: 'http://me%40corp:pass%2Fword%3A1@proxy:3128' });
    assert.ok(proxy);
    assert.equal(proxyAuthorization(proxy), `Basic ${btoa('me@corp:pass/word:1')}`);
    assert.equal(proxy.shown, 'http://proxy:3128');
    assert.equal(redact('pass%2Fword%3A1'), '<redacted>');
    assert.equal(redact(btoa('me@corp:pass/word:1')), '<redacted>');
    assert.ok(!JSON.stringify(proxy).includes('pass/word'));
  });

  test('without a password hides nothing', () => {
    proxyOf({ https_proxy: 'http://http@proxy:3128' });
    assert.equal(redact('http://proxy:3128'), 'http://proxy:3128');
  });

  for (const value of [
    'ftp://proxy:21',
    'quic://proxy:1',
    'http://',
    'http://proxy:port',
    'http://proxy:70000',
    'http://proxy:0',
    'http://[::1',
    'http://pro xy:3128',
    'http://user:hunter/22@proxy:3128',
    '::1:3128',
  ]) {
    test(`is refused by name: ${value}`, () => {
      assert.throws(
        () => proxyOf({ HTTPS_PROXY: value }),
        (error) =>
          error instanceof UserError &&
          error.message.startsWith('HTTPS_PROXY does not name a usable proxy') &&
          !error.message.includes('hunter') &&
          error.hint?.startsWith('Change or unset HTTPS_PROXY: ') === true,
      );
    });
  }

  test('is not looked at where another one counts, or none', () => {
    const broken = { ALL_PROXY: 'ftp://proxy' };
    assert.equal(proxyOf({ ...broken, HTTPS_PROXY: 'good:1' })?.host, 'good');
    assert.equal(proxyOf({ ...broken, NO_PROXY: 'example.com' }), undefined);
  });
});

type Choice = { name: string; env: Env; url?: string };

// `P` stands for the proxy in the settings.
const choices: (Choice & { isUsed: boolean })[] = [
  { name: 'HTTPS_PROXY', env: { HTTPS_PROXY: 'P' }, isUsed: true },
  { name: 'https_proxy', env: { https_proxy: 'P' }, isUsed: true },
  {
    name: 'https_proxy before HTTPS_PROXY',
    env: { https_proxy: 'P', HTTPS_PROXY: '127.0.0.1:1' },
    isUsed: true,
  },
  { name: 'an empty https_proxy is unset', env: { https_proxy: '', HTTPS_PROXY: 'P' }, isUsed: true },
  { name: 'ALL_PROXY', env: { ALL_PROXY: 'P' }, isUsed: true },
  { name: 'all_proxy', env: { all_proxy: 'P' }, isUsed: true },
  { name: 'HTTPS_PROXY before ALL_PROXY', env: { HTTPS_PROXY: 'P', ALL_PROXY: '127.0.0.1:1' }, isUsed: true },
  { name: 'http_proxy is not for https', env: { http_proxy: 'P' }, isUsed: false },
  { name: 'http_proxy', env: { http_proxy: 'P' }, url: 'http://service.example.com/', isUsed: true },
  { name: 'ALL_PROXY for http', env: { ALL_PROXY: 'P' }, url: 'http://service.example.com/', isUsed: true },
  {
    name: "HTTP_PROXY in capitals is not a user's",
    env: { HTTP_PROXY: 'P' },
    url: 'http://service.example.com/',
    isUsed: false,
  },
  { name: 'HTTPS_PROXY is not for http', env: { HTTPS_PROXY: 'P' }, url: 'http://a.example/', isUsed: false },
  { name: 'no setting at all', env: {}, isUsed: false },
  ...(
    [
      // The host, NO_PROXY, and whether the proxy is used all the same.
      ['service.example.com', 'service.example.com', false],
      ['service.example.com', 'example.com', false],
      ['service.example.com', '.example.com', false],
      ['service.example.com', '*', false],
      ['service.example.com', '*.example.com', true],
      ['service.example.com', 'a, example.com ,b', false],
      ['service.example.com', 'a example.com', false],
      ['service.example.com', 'EXAMPLE.com', false],
      ['service.example.com', 'example.com.', false],
      ['service.example.com.', 'example.com', false],
      ['service.example.com', 'ample.com', true],
      ['service.example.com', 'service.example.com:443', true],
      ['service.example.com', 'example', true],
      ['service.example.com', ' ', true],
      ['service.example.com', '.', true],
      ['localhost', 'localhost', false],
      ['localhost', '127.0.0.1', true],
      ['127.0.0.1', 'localhost', true],
      ['127.0.0.1', '127.0.0.1', false],
      ['127.0.0.1', '127.0.0.0/8', false],
      ['127.1.2.3', '127.0.0.0/8', false],
      ['128.0.0.1', '127.0.0.0/8', true],
      ['10.0.3.255', '192.168.0.0/16,10.0.2.0/23', false],
      ['10.0.4.0', '10.0.2.0/23', true],
      ['10.0.4.0', '10.0.4.0/33', true],
      ['10.0.4.0', '4.0', true],
      ['[::1]', '::1', false],
      ['[::1]', '127.0.0.0/8', true],
      ['[fe00::17]', 'fd00::/8', true],
    ] as const
  ).map(([host, noProxy, isUsed]) => ({
    name: `${host} with no_proxy=${noProxy}`,
    env: { HTTPS_PROXY: 'P', no_proxy: noProxy },
    url: `https://${host}/`,
    isUsed,
  })),
  { name: 'NO_PROXY', env: { HTTPS_PROXY: 'P', NO_PROXY: 'example.com' }, isUsed: false },
  { name: 'no_proxy before NO_PROXY', env: { HTTPS_PROXY: 'P', no_proxy: 'a', NO_PROXY: '*' }, isUsed: true },
];

function withProxy(env: Env, proxy: string): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value === 'P' ? proxy : value]),
  );
}

describe('which requests go through a proxy', () => {
  // Documented, but curl 7.88 compares IPv6 addresses as texts.
  test('an IPv6 network with no_proxy=fd00::/8', () => {
    const env = { HTTPS_PROXY: 'chosen:3128', no_proxy: 'fd00::/8' };
    assert.equal(proxyOf(env, 'https://[fd00::17]/'), undefined);
  });

  for (const { name, env, url, isUsed } of choices) {
    test(name, () => {
      const proxy = proxyOf(withProxy(env, 'http://chosen:3128'), url);
      assert.equal(proxy?.host, isUsed ? 'chosen' : undefined);
    });
  }
});

describe('curl chooses the same', { skip: await without('curl'), concurrency: 4 }, () => {
  for (const { name, env, url = 'https://service.example.com/', isUsed } of choices) {
    test(name, async () => {
      await using proxy = await listener();
      await using direct = await listener();
      await promisify(execFile)(
        'curl',
        ['--silent', '--globoff', '--connect-to', `::127.0.0.1:${direct.port}`, url],
        { env: { PATH: process.env.PATH, ...withProxy(env, `http://127.0.0.1:${proxy.port}`) } },
      ).catch(() => {});
      assert.deepEqual([proxy.asked(), direct.asked()], isUsed ? [true, false] : [false, true]);
    });
  }
});

/** Takes note of a connection, and ends it. */
async function listener() {
  let asked = false;
  const server = createServer((socket) => {
    asked = true;
    socket.on('error', () => {}).destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}
