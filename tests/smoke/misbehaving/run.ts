import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { runHealthSmoke } from '@deploy/smoke';
import { authority, certificateFile } from '../../support/authority.ts';
import { localCertificate } from '../../support/tls.ts';
import type { Case, World } from './case.ts';
import { http1 } from './http1.ts';
import { http2 } from './http2.ts';
import { proxies } from './proxies.ts';
import { tls } from './tls.ts';

const cases: readonly Case[] = [...http1, ...http2, ...tls, ...proxies];

/** Time limits for the smokes: for the servers that run into one, and for all others. */
export type Limits = { reachedMs: number; otherwiseMs: number };

/** Runs the health smoke against every case, a test each; `look` gets how long the run took in all. */
export async function testEach(limits: Limits, look: (tookMs: number) => void): Promise<void> {
  const [trusted, stranger, selfSigned] = await Promise.all([
    authority('trusted'),
    authority('stranger'),
    localCertificate(),
  ]);
  const world: World = { trusted, stranger, good: await trusted.issue(), selfSigned };
  const bundle = await certificateFile(trusted);
  after(() => Promise.all([bundle, selfSigned].map((each) => each[Symbol.asyncDispose]())));
  for (const { name, serve, ends, hint } of cases) {
    test(name, async () => {
      await using served = await serve(world);
      const startedAt = performance.now();
      const outcome = await runHealthSmoke({
        baseUrl: served.url,
        timeoutMs: isTheLimit(ends) ? limits.reachedMs : limits.otherwiseMs,
        retries: 0,
        script: 'smoke-health',
        env: { CURL_CA_BUNDLE: bundle.path, ...served.env },
      });
      const tookMs = performance.now() - startedAt;
      for (const check of outcome.checks) {
        if (ends === 'passed') assert.equal(check.state, 'passed', JSON.stringify(check));
        else assert.match(check.state === 'failed' ? check.got : check.state, ends);
        if (hint !== undefined) assert.match((check.state === 'failed' && check.hint) || '', hint);
      }
      look(tookMs);
    });
  }
}

/** Whether the smoke ends because its time is up. */
function isTheLimit(ends: Case['ends']): boolean {
  return ends instanceof RegExp && /complete answer/.test(ends.source);
}
