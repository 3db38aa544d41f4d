import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { forwardTo } from '../support/forward.ts';
import { recordedService } from '../support/recorded-service.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { localCertificate } from '../support/tls.ts';

const cases = [
  { name: 'what HTTPS_PROXY names', env: (url: string) => ({ HTTPS_PROXY: url }), isUsed: true },
  { name: 'in small letters too', env: (url: string) => ({ https_proxy: url }), isUsed: true },
  {
    name: 'not for a host that NO_PROXY names',
    env: (url: string) => ({ HTTPS_PROXY: url, NO_PROXY: 'localhost' }),
    isUsed: false,
  },
];

for (const { name, env, isUsed } of cases) {
  test(`a proxy is gone through: ${name}`, async () => {
    await using service = await recordedService({});
    await using certificate = await localCertificate();
    const front = createHttpsServer(certificate, forwardTo(service.url)).listen(0, '127.0.0.1');
    const asked: (string | undefined)[] = [];
    const proxy = createServer()
      .on('connect', ({ url = '' }, socket) => {
        asked.push(url);
        const target = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
          target.pipe(socket).pipe(target);
        });
        for (const each of [socket, target]) each.on('error', () => each.destroy());
      })
      .listen(0, '127.0.0.1');
    await Promise.all([front, proxy].map((server) => server.listening || once(server, 'listening')));
    const host = `localhost:${(front.address() as AddressInfo).port}`;
    const run = await runScriptProcess('smoke-control', [], {
      env: {
        OPENAGENTS_BASE_URL: `https://${host}`,
        NODE_EXTRA_CA_CERTS: certificate.certFile,
        ...env(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`),
      },
    });
    for (const server of [front, proxy]) server.close();
    front.closeAllConnections();
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(asked.length > 0, isUsed);
    assert.ok(asked.every((target) => target === host));
  });
}
