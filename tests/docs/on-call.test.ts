import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Emulator, startEmulator } from '@deploy/emulator';
import type { Nodes } from 'mdast';
import { toString as textOf } from 'mdast-util-to-string';
import { testCheckout } from '../report/support/checkout.ts';
import { revisionNames, serving } from '../support/cloud.ts';
import { without } from '../support/needs.ts';
import { readPage } from './markdown.ts';
import { filledIn, runBlock, shellEnvironment } from './support/run-blocks.ts';

const SERVICE = 'openagents-control-service';
const IMAGES = 'registry.example.com/openagents/control';

/** A production service with a stable revision and a candidate, without people on it, and a fast clock. */
function production(): Promise<Emulator> {
  const images = { image: `${IMAGES}:one`, laterImages: [`${IMAGES}:two`] };
  const env = { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'key' };
  return startEmulator({
    reconcileMs: 30,
    clockSpeed: 40,
    logs: { delayMs: 2000 },
    services: [
      { name: SERVICE, ...images, traffic: [{ revision: 1, percent: 100 }], sessionAffinity: true, env },
    ],
  });
}

type Block = { symptom: string; shell: string };

function blocksUnder(page: Nodes): Block[] {
  let symptom = '';
  return ('children' in page ? page.children : []).flatMap((node) => {
    if (node.type === 'heading') symptom = textOf(node);
    return node.type === 'code' && node.lang === 'sh' ? [{ symptom, shell: node.value }] : [];
  });
}

/** What holds after a symptom's commands, where it is more than that they ended well. */
const afterwards: Readonly<Record<string, RegExp>> = {
  'First of all: what serves?': /revisionName: <stable>[\s\S]*maintenance/,
  'Errors since a shift: go back': /^ok: control-service smoke checks passed/m,
  'Errors, and nothing was shifted':
    /^\[passed\] control-error-log-probe[\s\S]*^\[passed\] control-canary-status/m,
  'The public sees the maintenance page, and should not': /^ok: control-service smoke checks passed/m,
  'The public has to be kept out': /\[smoke\] maintenance bypass bootstrap[\s\S]*^ok: control-service smoke/m,
  'A promotion ended with exit code 3': /inconclusive|held at/,
  'A promotion stopped in the middle, and its machine is gone': /^error: held at 5 %/m,
  'A candidate was rolled back, and the cause was elsewhere': /^error: held at 5 %/m,
};

test('every command of the page for those on call does what it is there for', {
  skip: await without('openssl'),
}, async () => {
  await using cloud = await production();
  await using checkout = await testCheckout();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'on-call-'));
  const [stable = '', canary = ''] = revisionNames(cloud, SERVICE);
  const places = {
    '<checkout>': checkout.root,
    '<folder>': join(folder.path, 'matrix'),
    '<stable>': stable,
    '<canary>': canary,
    'https://openagents.com': cloud.service(SERVICE).uri,
  };
  let env: Record<string, string> = {
    ...shellEnvironment(),
    CLOUD_RUN_EMULATOR_HOST: cloud.host,
    SERVICE_DIR: checkout.serviceDir,
    WEB_SHELL_DIR: checkout.webShellDir,
    CANARY_WINDOW: '1m',
    CANARY_MAX_WINDOW: '1m',
    // Of this machine's time, not of the local Cloud Run's, which is faster.
    CANARY_POLL_SECONDS: '1.2',
    CANARY_SOURCE: 'logs',
  };
  const blocks = blocksUnder(await readPage('docs/on-call.md'));
  assert.ok(blocks.length >= 10);
  const told = new Set<string>();
  for (const { symptom, shell } of blocks) {
    // On a service without requests a promotion can decide nothing, and says so.
    const expected = /canary-rollout\.ts (?:promote|judge)/.test(shell) ? 3 : 0;
    const run = await runBlock(filledIn(shell, places), env);
    assert.equal(run.exitCode, expected, `${symptom}\n${shell}\n${run.output}`);
    const pattern = afterwards[symptom];
    if (pattern !== undefined) {
      assert.match(run.output, new RegExp(filledIn(pattern.source, places), pattern.flags), symptom);
      told.add(symptom);
    }
    env = run.env;
  }
  assert.deepEqual([...told].sort(), Object.keys(afterwards).sort(), 'every symptom is on the page');
  assert.deepEqual(serving(cloud, SERVICE).slice(0, 2), [`${stable}=95`, `${canary}=5`]);
});
