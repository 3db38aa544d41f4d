import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { forwardTo } from '../../support/forward.ts';
import { recordedService } from '../../support/recorded-service.ts';
import { slowLine } from '../../support/slow-line.ts';
import { localCertificate } from '../../support/tls.ts';
import { type Command, compare, processOf } from '../measure.ts';
import { asRatio, type Row } from '../row.ts';
import { emptyProgram, script } from '../scripts.ts';

const ROUND_TRIP_MS = 50;
const LOOPBACK_AT_MOST = 1.4;

export const smokeRows: Row[] = [
  overTls('smoke-tls', 'without an access token', '', 0.33),
  overTls('smoke-tls-token', 'with an access token', 'tok-good', 0.22),
  onLoopback('smoke-loopback', 'without an access token', ''),
  onLoopback('smoke-loopback-token', 'with an access token', 'tok-good'),
];

function overTls(id: string, which: string, token: string, atMost: number): Row {
  return {
    id,
    what: `\`smoke-control.ts\` ${which}, over TLS at ${ROUND_TRIP_MS} ms round-trip time, against bash and curl`,
    target: `at most ${atMost}x`,
    async measure(pairs) {
      await using service = await recordedService({});
      await using certificate = await localCertificate();
      const front = createServer(certificate, forwardTo(service.url)).listen(0, '127.0.0.1');
      await once(front, 'listening');
      await using line = await slowLine((front.address() as AddressInfo).port, ROUND_TRIP_MS);
      try {
        const url = `https://localhost:${line.port}`;
        const program = join(import.meta.dirname, '../smoke-with-curl.sh');
        const { certFile } = certificate;
        const ours = { time: processOf(smoke(url, token, certFile)), atMost };
        const theirs = processOf({ run: ['bash', program, url, certFile, token] });
        return asRatio(await compare(ours, theirs, pairs));
      } finally {
        front.closeAllConnections();
        front.close();
      }
    },
  };
}

function onLoopback(id: string, which: string, token: string): Row {
  return {
    id,
    what: `\`smoke-control.ts\` ${which}, on loopback, against \`tsx\` of the registry on an empty file`,
    target: `at most ${LOOPBACK_AT_MOST}x`,
    async measure(pairs) {
      await using service = await recordedService({});
      await using empty = await emptyProgram();
      const ours = { time: processOf(smoke(service.url, token)), atMost: LOOPBACK_AT_MOST };
      return asRatio(await compare(ours, processOf(empty.command), pairs));
    },
  };
}

function smoke(url: string, token: string, certFile = ''): Command {
  return script('smoke-control', [], {
    OPENAGENTS_BASE_URL: url,
    ...(token && { OPENAGENTS_CONTROL_ACCESS_TOKEN: token }),
    ...(certFile && { NODE_EXTRA_CA_CERTS: certFile }),
  });
}
