import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { verifyFromOutside } from '@deploy/cloudrun/maintenance';
import { listening } from '../smoke/misbehaving/case.ts';
import { createServer } from '../support/http.ts';

const to =
  (status: number, location: string): RequestListener =>
  (_, answer) =>
    void answer.writeHead(status, { location }).end();

/** The outcome of verifying from outside that the window of what this server answers is off. */
async function verified(answer: RequestListener): Promise<unknown> {
  const server = createServer(answer);
  await using here = await listening(server);
  const url = `http://127.0.0.1:${here.port}`;
  // Without `await`, the server would be closed before it is asked.
  return await verifyFromOutside(url, 'off', '', { env: {}, patienceMs: 0 }).catch((error: unknown) => error);
}

describe('a window that is off is verified from outside', () => {
  test('not by the login page of a proxy, which redirects every path', async () => {
    const seen = await verified(to(302, 'https://accounts.google.com/o/oauth2/v2/auth?state=secret'));
    assert.ok(seen instanceof UserError, String(seen));
    assert.match(
      seen.message,
      /^maintenance mode is configured off, but from outside (\S+)\/ answers 302 and \1\/manifest\.json 302, as a login page in front of the service does$/,
    );
  });

  for (const status of [404, 503]) {
    test(`not by a start page that redirects beside a manifest that answers ${status}, which is no login page`, async () => {
      const seen = await verified((request, answer) => {
        if (request.url === '/manifest.json') answer.writeHead(status).end();
        else to(307, 'https://legacy.example.com/')(request, answer);
      });
      assert.ok(seen instanceof UserError, String(seen));
      assert.match(
        seen.message,
        new RegExp(`from outside \\S+/ answers 307 and \\S+/manifest\\.json ${status}, not below 300$`),
      );
    });
  }

  test('by a service that redirects its start page, but not its manifest', async () => {
    const seen = await verified((request, answer) => {
      if (request.url === '/manifest.json') answer.end('{}');
      else to(307, 'https://legacy.example.com/')(request, answer);
    });
    assert.equal(seen, undefined);
  });

  test('by a start page, without a second request', async () => {
    const paths: unknown[] = [];
    const seen = await verified(({ url }, answer) => {
      paths.push(url);
      answer.end('{}');
    });
    assert.equal(seen, undefined);
    assert.deepEqual(paths, ['/']);
  });
});
