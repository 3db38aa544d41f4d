import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { refusingAddress } from '../support/refusing-address.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { localCertificate } from '../support/tls.ts';

type Served = { url: string; [Symbol.asyncDispose](): Promise<void> };

/** A server that does with each connection, once a request has arrived on it, whatever it likes. */
async function rawServer(onRequest: (socket: Socket, request: string) => void): Promise<Served> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (data) => onRequest(socket, data.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** With a limit that no machine is too busy for; only who waits for it sets another. */
const smoke = (url: string, env: Record<string, string> = {}): Promise<ScriptRun> =>
  runScriptProcess('smoke-control', [], {
    env: { OPENAGENTS_BASE_URL: url, SMOKE_TIMEOUT_SECONDS: '300', ...env },
  });

describe('a hostile server ends in a clear failure', { concurrency: 2 }, () => {
  test('one that never answers: what was asked, expected and got, and no stack', async () => {
    await using server = await rawServer(() => {});
    // Time enough to connect, which the message would otherwise be about.
    const run = await smoke(server.url, { SMOKE_TIMEOUT_SECONDS: '5' });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: readiness: GET http\S+\/readyz: expected an answer, got no complete answer within 5 s$/m,
    );
    assert.doesNotMatch(run.stderr, /\n\s+at /);
  });

  test('one that sends a body without an end is cut off at 4 MiB', async () => {
    await using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      const more = (): void => void (socket.writable && socket.write(chunk, more));
      more();
    });
    const run = await smoke(server.url);
    assert.match(run.stderr, /got the answer is larger than 4 MiB$/m);
  });

  test('nobody listens', async () => {
    await using nobody = await refusingAddress();
    const run = await smoke(nobody.url);
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /got the connection was refused/);
  });

  test('a redirect loop is not followed: a redirect is an answer below 400', async () => {
    const asked: string[] = [];
    const server = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: request.url ?? '/' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const run = await smoke(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.closeAllConnections();
    server.close();
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /control-status: .*expected status 200 or 401, got status 302/);
    assert.equal(asked.filter((path) => path === '/readyz').length, 1);
  });

  test('TLS to a server that does not speak it', async () => {
    await using server = await rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const run = await smoke(server.url.replace('http:', 'https:'));
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /the TLS connection failed/);
    assert.match(run.stderr, /^The server on this port does not speak TLS/m);
  });

  test('a certificate that nobody vouches for', async () => {
    await using certificate = await localCertificate();
    const server = createHttpsServer(certificate, (_, response) => response.end('ok'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const run = await smoke(`https://localhost:${(server.address() as AddressInfo).port}`);
    server.close();
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /the TLS connection failed \(\w*SELF_SIGNED\w*\)\nThis machine does not trust the issuer/,
    );
  });

  test("an answer's escape sequences and secrets are not shown", async () => {
    const body = 'bad \u001b[2J tok-canary-1 \u0007';
    await using server = await rawServer((socket) =>
      socket.end(`HTTP/1.1 500 Oops\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    );
    const run = await smoke(server.url, { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-canary-1' });
    assert.match(run.stderr, /^body: bad {2}<redacted>$/m);
  });
});

describe('a cold start', () => {
  async function coldServer(
    turnAway: (socket: Socket) => void,
    times: number,
  ): Promise<Served & { asked(): number }> {
    let asked = 0;
    const server = await rawServer((socket, request) => {
      if (!request.startsWith('GET /readyz')) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        return;
      }
      asked += 1;
      if (asked <= times) turnAway(socket);
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
    return { ...server, asked: () => asked };
  }
  const health = (url: string, retries: string): Promise<ScriptRun> =>
    runScriptProcess('smoke-health', [], { env: { OPENAGENTS_BASE_URL: url, SMOKE_RETRIES: retries } });

  const turns: [string, (socket: Socket) => void][] = [
    ['a reset', (socket) => socket.resetAndDestroy()],
    ['429', (socket) => socket.write('HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n')],
    ['502', (socket) => socket.write('HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n')],
    [
      '503 with Retry-After',
      (socket) => socket.write('HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n'),
    ],
  ];
  for (const [name, turnAway] of turns) {
    test(`${name} is met again with SMOKE_RETRIES, and is a failure without`, async () => {
      await using patient = await coldServer(turnAway, 1);
      assert.equal((await health(patient.url, '1')).exitCode, 0);
      assert.equal(patient.asked(), 2);
      await using impatient = await coldServer(turnAway, 1);
      assert.equal((await health(impatient.url, '0')).exitCode, 1);
      assert.equal(impatient.asked(), 1);
    });
  }

  test('Retry-After is waited for', async () => {
    const askedAt: number[] = [];
    await using server = await coldServer((socket) => {
      askedAt.push(performance.now());
      socket.write('HTTP/1.1 429 Slow\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n');
    }, 2);
    assert.equal((await health(server.url, '2')).exitCode, 0);
    const [first = 0, second = 0] = askedAt;
    // A timer may be a millisecond early, by a clock that has finer steps.
    assert.ok(second - first >= 1990, `${second - first} ms`);
  });

  test('503 without Retry-After, which a maintenance page is, is not tried again', async () => {
    await using server = await coldServer(
      (socket) => socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'),
      1,
    );
    assert.equal((await health(server.url, '3')).exitCode, 1);
    assert.equal(server.asked(), 1);
  });

  test('the outcome says how often it was tried', async () => {
    await using server = await coldServer((socket) => socket.resetAndDestroy(), 9);
    const run = await health(server.url, '2');
    assert.match(run.stderr, /got the connection was cut \(after 3 attempts\)/);
  });
});
