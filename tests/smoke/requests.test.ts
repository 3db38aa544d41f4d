import assert from 'node:assert/strict';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { describe, test } from 'node:test';
import { authority, certificateFile } from '../support/authority.ts';
import { recordedService } from '../support/recorded-service.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { listening } from './misbehaving/case.ts';

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const { port, ...served } = await listening(createHttpServer(answer));
  return { ...served, url: `http://127.0.0.1:${port}` };
}

const health = (url: string, env: Record<string, string> = {}) =>
  runScriptProcess('smoke-health', [], { env: { OPENAGENTS_BASE_URL: url, ...env } });
const control = (url: string, env: Record<string, string> = {}) =>
  runScriptProcess('smoke-control', [], { env: { OPENAGENTS_BASE_URL: url, ...env } });

describe('a request', () => {
  test('says who sends it and takes any answer: edge rules refuse requests that do not', async () => {
    const seen: IncomingMessage['headers'][] = [];
    await using service = await serve((request, response) => {
      seen.push(request.headers);
      response.writeHead(request.headers['user-agent'] && request.headers.accept ? 200 : 403).end();
    });
    assert.equal((await health(service.url)).exitCode, 0);
    await control(service.url, { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-good' });
    assert.deepEqual(
      [...new Set(seen.map((headers) => headers['user-agent']))],
      ['openagents-deploy-scripts (smoke-health)', 'openagents-deploy-scripts (smoke-control)'],
    );
    assert.ok(seen.every(({ accept }) => accept === '*/*'));
  });
});

describe('a base URL', () => {
  for (const password of ['plain', 'with@at', 'with/slash', 'with/slash@and/at'])
    test(`with the password ${password} is refused, and no part of the password is shown`, async () => {
      const { stderr, exitCode } = await health(`https://somebody:${password}@staging.example.com`);
      assert.equal(exitCode, 1);
      assert.match(
        stderr,
        /^error: OPENAGENTS_BASE_URL is "https:\/\/…@staging\.example\.com", which is not usable:/,
      );
    });

  test('cannot be taken from an EVIDENCE_REPORT that is a folder, which is said', async () => {
    const { stderr, exitCode } = await health('', { EVIDENCE_REPORT: import.meta.dirname });
    assert.match(
      stderr,
      /^error: EVIDENCE_REPORT cannot be read: EISDIR.*\nSet it to the report of a rollout/,
    );
    assert.equal(exitCode, 1);
  });
});

describe('an answer', () => {
  test('that redirects to another host passes, and a note says so', async () => {
    await using service = await serve((_, response) => {
      response.writeHead(302, { location: 'https://login.example.com/start?next=secret-place' }).end();
    });
    const run = await health(service.url);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(run.stdout, `ok: ${service.url}/healthz and ${service.url}/readyz\n`);
    assert.match(
      run.stderr,
      /^note: readiness: GET \/readyz: it redirects to another host, login\.example\.com, which was not checked$/m,
    );
    assert.ok(!run.stderr.includes('secret-place'));
  });

  for (const location of ['/login', 'http://127.0.0.1:9/elsewhere', '']) {
    test(`that redirects to ${location || 'nowhere'}, on the same host, is no note`, async () => {
      await using service = await serve((_, response) => response.writeHead(307, { location }).end());
      assert.equal((await health(service.url)).stderr, '');
    });
  }

  test('401 on a route that gets no token is not put down to the token', async () => {
    await using service = await recordedService({ readyz: 401 });
    const run = await control(service.url, { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-good' });
    assert.match(
      run.stderr,
      /^error: readiness: .*got status 401\nThis route asks for no login; something in front/m,
    );
    assert.doesNotMatch(run.stderr, /access token/);
  });

  test('a cookie that holds the host name hides the cookie, and not the lines that callers read', async () => {
    await using service = await serve((request, response) => {
      const url = `127.0.0.1:${(request.socket.address() as { port: number }).port}`;
      response.setHeader('set-cookie', [
        `host=${url}-0123; Path=/`,
        'plain=127.0.0.1:99999; Path=/',
        `url=${url}; Path=/`,
      ]);
      if (request.url?.startsWith('/?')) response.writeHead(302, { location: '/' }).end();
      else if (request.url === '/sw.js') response.writeHead(500).end();
      else if (request.url === '/readyz') response.writeHead(500).end(`cookies: ${request.headers.cookie}`);
      else response.end();
    });
    const run = await control(service.url, { OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: 'tok-bypass' });
    assert.ok(run.stderr.startsWith(`error: readiness: GET ${service.url}/readyz: `), run.stderr);
    assert.match(run.stderr, /^body: cookies: host=<redacted>; plain=127\.0\.0\.1:99999; url=/m);
  });
});

for (const [js, wanted] of [
  ['assets/app%20beef123.js', 'max-age=60'],
  ['assets/%61bcdef12.js', 'immutable'],
] as const) {
  test(`hex digits are looked for in the decoded path: ${js}`, async () => {
    await using service = await recordedService({ js, js_cache: wanted });
    const run = await control(service.url);
    assert.equal(run.exitCode, 0, run.stderr);
  });
}

describe('the certificates that curl trusts are trusted', () => {
  for (const variable of ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS']) {
    test(`a company's own, by ${variable}`, async () => {
      const company = await authority('Company CA');
      await using file = await certificateFile(company);
      const pair = await company.issue();
      const server = createHttpsServer(pair, (_, response) => response.end('ok'));
      await using service = await listening(server);
      const url = `https://localhost:${service.port}`;
      const trusting = await health(url, { [variable]: file.path });
      assert.equal(trusting.exitCode, 0, trusting.stderr);
      const strange = await health(url);
      assert.match(strange.stderr, /the TLS connection failed \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/);
    });
  }
});

describe('a cold start over HTTP/2', () => {
  const turns: [string, (stream: ServerHttp2Stream) => void][] = [
    ['a reset stream', (stream) => stream.close(2)],
    ['a stream that is refused', (stream) => stream.close(7)],
    ['a goodbye without an error', (stream) => goodbye(stream, 0)],
    ['a goodbye with an error', (stream) => goodbye(stream, 2)],
    ['a connection that is cut', (stream) => stream.session?.socket.destroy()],
  ];
  for (const [name, turnAway] of turns) {
    test(`${name} is met again with SMOKE_RETRIES`, async () => {
      const company = await authority('Company CA');
      await using file = await certificateFile(company);
      let turned = 0;
      const server: Http2SecureServer = createSecureServer(await company.issue());
      server.on('session', (session) => session.on('error', () => {}));
      server.on('stream', (stream: ServerHttp2Stream, headers) => {
        stream.on('error', () => {});
        if (headers[':path'] === '/readyz' && turned++ === 0) turnAway(stream);
        else stream.respond({ ':status': 200 }, { endStream: true });
      });
      await using service = await listening(server);
      const env = { CURL_CA_BUNDLE: file.path, SMOKE_RETRIES: '2' };
      const run = await health(`https://localhost:${service.port}`, env);
      assert.equal(run.exitCode, 0, run.stderr);
      assert.ok(turned >= 2);
    });
  }
});

function goodbye(stream: ServerHttp2Stream, code: number): void {
  stream.session?.goaway(code, 0);
  stream.session?.destroy();
}

describe('a name that is never looked up', () => {
  test('does not keep the script beyond the limit', async () => {
    // The resolver's answer cannot be held back on a real machine without being root; its call can.
    const run = await runScriptProcess('smoke-health', [], {
      env: {
        OPENAGENTS_BASE_URL: 'http://service.example.com',
        SMOKE_TIMEOUT_SECONDS: '1',
        NODE_OPTIONS: `--import=${import.meta.resolve('../support/preload/silent-resolver.ts')}`,
      },
    });
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /got no complete answer within 1 s: the host name has not been looked up$/m);
    assert.ok(run.durationMs < 60_000, `took ${run.durationMs} ms`);
  });
});

test('a name server that fails for a moment is asked again with SMOKE_RETRIES', async () => {
  await using server = await listening(createHttpServer((_, response) => void response.end('ok')));
  const run = await runScriptProcess('smoke-health', [], {
    env: {
      OPENAGENTS_BASE_URL: `http://localhost:${server.port}`,
      NODE_OPTIONS: `--import=${import.meta.resolve('../support/preload/failing-resolver.ts')}`,
      FAILING_LOOKUPS: '4',
      SMOKE_RETRIES: '3',
    },
  });
  assert.equal(run.exitCode, 0, run.stderr);
});

describe('proxies', () => {
  test('one that is silent does not keep the script beyond the limit, and is named', async () => {
    await using proxy = await listening(createHttpServer().on('connect', () => {}));
    const run = await health('https://service.example.com', {
      HTTPS_PROXY: `http://me:hunter22@127.0.0.1:${proxy.port}`,
      SMOKE_TIMEOUT_SECONDS: '1',
    });
    assert.equal(run.exitCode, 1);
    assert.ok(
      run.stderr.includes(
        `got no complete answer within 1 s: the proxy http://127.0.0.1:${proxy.port} (HTTPS_PROXY) has opened no connection`,
      ),
      run.stderr,
    );
    assert.ok(!run.stderr.includes('hunter22'));
    assert.ok(run.durationMs < 60_000, `took ${run.durationMs} ms`);
  });

  test('what is no proxy is refused by the name of its variable, before anything is asked', async () => {
    const run = await health('https://service.example.com', { ALL_PROXY: 'ftp://proxy.example.com' });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: ALL_PROXY does not name a usable proxy \("ftp:\/\/proxy\.example\.com"\)\nChange or unset ALL_PROXY: /,
    );
  });
});
