import { randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LocalCertificate } from './tls.ts';

export type TokenServer = {
  realm: string;
  /** The authorization header of each request for a token, as it came. */
  asked: { authorization: string | undefined; scope: string | null }[];
  /** A token for whoever is to be let in without asking. */
  token(repository: string, actions: readonly string[]): string;
  [Symbol.asyncDispose](): Promise<void>;
};

export const SERVICE = 'registry.test';
export const ISSUER = 'token-server.test';

/**
 * Gives everybody who asks a token to pull, signed as a Docker registry wants it:
 * https://distribution.github.io/distribution/spec/auth/jwt/
 */
export async function startTokenServer({ key, cert }: LocalCertificate): Promise<TokenServer> {
  const asked: TokenServer['asked'] = [];
  const token = (name: string, actions: readonly string[]): string => {
    const now = Math.floor(Date.now() / 1000);
    const header = { typ: 'JWT', alg: 'ES256', x5c: [cert.replace(/-----[^-]+-----|\s/g, '')] };
    const claims = {
      iss: ISSUER,
      sub: '',
      aud: SERVICE,
      exp: now + 300,
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access: [{ type: 'repository', name, actions }],
    };
    const body = [header, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' });
    return `${body}.${signature.toString('base64url')}`;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://token-server');
    const scope = url.searchParams.get('scope');
    asked.push({ authorization: request.headers.authorization, scope });
    const [, repository = ''] = /^repository:(.+):pull$/.exec(scope ?? '') ?? [];
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ token: token(repository, ['pull']) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    asked,
    token,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
