import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { forwardTo } from '../support/forward.ts';
import { recordedService } from '../support/recorded-service.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { slowLine } from '../support/slow-line.ts';

const ROUND_TRIP_MS = 1000;
const TOKEN = { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-good' };

describe('the smoke checks over TLS on a slow line', { concurrency: true }, () => {
  let folder: string;
  let tls: { key: string; cert: string };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = await runCommand([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ]);
    assert.equal(made.exitCode, 0, made.stderr);
    tls = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  });
  after(() => rm(folder, { recursive: true }));

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
        : createHttpsServer(tls, forwardTo(service.url));
      front.listen(0, '127.0.0.1');
      await once(front, 'listening');
      await using line = await slowLine((front.address() as AddressInfo).port, ROUND_TRIP_MS);
      const run = await runScriptProcess('smoke-control', [], {
        env: {
          OPENAGENTS_BASE_URL: `https://localhost:${line.port}`,
          NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
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
