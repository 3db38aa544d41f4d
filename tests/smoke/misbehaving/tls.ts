import { createServer as createHttpsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { type Case, drip, listening, rawServer, type World } from './case.ts';

function withCertificate(
  name: string,
  ends: Case['ends'],
  context: (world: World) => Promise<SecureContextOptions>,
): Case {
  return {
    name: `TLS: ${name}`,
    ends,
    async serve(world) {
      const server = createHttpsServer(await context(world), (_, response) => response.end('ok'));
      const { port, ...served } = await listening(server);
      return { ...served, url: `https://localhost:${port}` };
    },
  };
}

function raw(name: string, ends: Case['ends'], onConnection: Parameters<typeof rawServer>[0]): Case {
  return {
    name: `TLS: ${name}`,
    ends,
    async serve() {
      const { port, ...served } = await rawServer(onConnection);
      return { ...served, url: `https://localhost:${port}` };
    },
  };
}

const DAY_MS = 24 * 3600 * 1000;
const fromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

const CASES: readonly Case[] = [
  raw(
    'never answers the handshake',
    /^no complete answer within [\d.]+ s: the TLS handshake has not ended$/,
    () => {},
  ),
  raw('cuts the handshake', /^the TLS handshake was cut \(ECONNRESET\)$/, (socket) =>
    socket.once('data', () => socket.destroy()),
  ),
  raw('resets the handshake', /^the TLS handshake was cut \(ECONNRESET\)$/, (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  ),
  raw(
    'does not speak TLS',
    /^the TLS connection failed \(\w*(?:WRONG_VERSION|PACKET_LENGTH)\w*\)$/,
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  ),
  raw(
    'drips its handshake',
    /^no complete answer within [\d.]+ s: the TLS handshake has not ended$/,
    (socket) => {
      socket.write(Buffer.from([22, 3, 3, 64, 0]));
      drip(socket);
    },
  ),
  withCertificate('nobody vouches for it', /\(SELF_SIGNED_CERT_IN_CHAIN\)$/, async ({ stranger }) => {
    const { key, cert } = await stranger.issue();
    return { key, cert: `${cert}\n${stranger.cert}` };
  }),
  withCertificate(
    'vouches for itself',
    /\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
    async ({ selfSigned }) => selfSigned,
  ),
  withCertificate('is for another host', /\(ERR_TLS_CERT_ALTNAME_INVALID\)$/, ({ trusted }) =>
    trusted.issue({ host: 'elsewhere.example.com' }),
  ),
  withCertificate('has expired', /\(CERT_HAS_EXPIRED\)$/, ({ trusted }) =>
    trusted.issue({ from: fromNow(-3), until: fromNow(-1) }),
  ),
  withCertificate('is not valid yet', /\(CERT_NOT_YET_VALID\)$/, ({ trusted }) =>
    trusted.issue({ from: fromNow(2), until: fromNow(3) }),
  ),
  withCertificate('lacks its issuer', /\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/, async ({ trusted }) =>
    (await trusted.issueAuthority('between')).issue(),
  ),
  withCertificate('offers nothing that both know', /\(ERR_SSL_\S*HANDSHAKE_FAILURE\)$/, async ({ good }) => ({
    ...good,
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-SHA256',
    sigalgs: 'RSA+SHA256',
  })),
  withCertificate('behaves', 'passed', async ({ good }) => good),
  withCertificate('sends the whole chain', 'passed', async ({ trusted }) => {
    const between = await trusted.issueAuthority('between');
    const { key, cert } = await between.issue();
    return { key, cert: `${cert}\n${between.cert}` };
  }),
];

/** One piece of advice a cause. */
const HINTS: Record<string, RegExp> = {
  'cuts the handshake': /certificate that is still pending/,
  'resets the handshake': /certificate that is still pending/,
  'offers nothing that both know': /certificate that is still pending/,
  'does not speak TLS': /does not speak TLS/,
  'nobody vouches for it': /This machine does not trust the issuer/,
  'vouches for itself': /This machine does not trust the issuer/,
  'is for another host': /is for another host/,
  'has expired': /has expired/,
  'is not valid yet': /is not valid yet/,
  'lacks its issuer': /send the whole chain/,
};

export const tls: readonly Case[] = CASES.map((each) => {
  const hint = HINTS[each.name.replace('TLS: ', '')];
  return hint === undefined ? each : { ...each, hint };
});
