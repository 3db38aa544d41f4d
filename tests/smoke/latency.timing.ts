import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { forwardTo } from '../support/forward.ts';
import { recordedService } from '../support/recorded-service.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { slowLine } from '../support/slow-line.ts';
import { slowdown } from '../support/slowdown.ts';
import { type LocalCertificate, localCertificate } from '../support/tls.ts';

const TOKEN = { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-good' };

describe('the smoke checks over TLS on a slow line', { concurrency: true }, () => {
  let tls: LocalCertificate;
  // So long that this machine's own work, busy as it may be, is little beside it.
  let roundTripMs: number;
  before(async () => {
    roundTripMs = 1000 * (await slowdown());
    tls = await localCertificate();
  });
  after(() => tls[Symbol.asyncDispose]());

  const cases = [
    { name: 'HTTP/1.1, without an access token', env: {}, h2: false, maintenance: false },
    { name: 'HTTP/1.1, with an access token', env: TOKEN, h2: false, maintenance: false },
    { name: 'HTTP/2, with an access token', env: TOKEN, h2: true, maintenance: false },
    {
      name: 'HTTP/2, through a maintenance window',
      env: { OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: 'let-me-in' },
      h2: true,
      maintenance: true,
    },
  ];
  for (const { name, env, h2, maintenance } of cases) {
    test(`${name}: at most 5 round trips`, async () => {
      await using service = await recordedService({ maintenance });
      const front: Server = h2
        ? createSecureServer({ ...tls, allowHTTP1: true }, forwardTo(service.url))
        : createHttpsServer({ ...tls, keepAliveTimeout: 0 }, forwardTo(service.url));
      front.listen(0, '127.0.0.1');
      await once(front, 'listening');
      await using line = await slowLine((front.address() as AddressInfo).port, roundTripMs);
      const run = await runScriptProcess('smoke-control', [], {
        env: {
          OPENAGENTS_BASE_URL: `https://localhost:${line.port}`,
          NODE_EXTRA_CA_CERTS: tls.certFile,
          SMOKE_TIMEOUT_SECONDS: '300',
          ...env,
        },
      });
      front.close();
      assert.equal(run.exitCode, 0, run.stderr);
      // What goes beyond five is this machine's own work, as long as it is less than a sixth.
      assert.ok(line.roundTrips() < 6, `took ${line.roundTrips().toFixed(2)} round trips`);
      assert.ok(line.connections() <= 8, `opened ${line.connections()} connections`);
    });
  }

  test('a certificate that is not trusted is a clear failure', async () => {
    await using service = await recordedService({});
    const front = createHttpsServer(tls, forwardTo(service.url)).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const { port } = front.address() as AddressInfo;
    const run = await runScriptProcess('smoke-health', [], {
      env: { OPENAGENTS_BASE_URL: `https://localhost:${port}` },
    });
    front.close();
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /got the TLS connection failed \(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
  });
});
