import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';
import { bareCheckout, openReport } from './checkouts.ts';
import { count } from './counts.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const COMMANDS = 'x; touch pwned; $(touch pwned) `touch pwned` | touch pwned && touch pwned';
const ESCAPES =
  '\u001b[2J\u001b]0;title\u0007\u009b31mred\r\n::error::not ours\u202e\nerror: not ours either';
const MEGABYTE = 1024 * 1024;

/** As bytes: one of them is no UTF-8. The longest is what Linux takes for one argument or one variable. */
const VALUES: Readonly<Record<string, Buffer>> = {
  'shell metacharacters': Buffer.from(COMMANDS),
  'escapes and newlines': Buffer.from(ESCAPES),
  'a hyphen first': Buffer.from('--format=json'),
  'a path': Buffer.from('../../etc/passwd'),
  'no UTF-8': Buffer.from([0x61, 0xff, 0xfe, 0xc0, 0x80, 0x62]),
  '120 kB': Buffer.alloc(120_000, 'a'),
};

type Place = { name: string; script: string; args?: readonly string[]; variable?: string };

/** Where a hostile value goes: the argument HERE, or a variable. */
const HERE = 'HERE';
const PLACES: readonly Place[] = [
  {
    name: 'stable revision',
    script: 'canary-rollout',
    args: ['set-traffic', HERE, 'control-00002-abc', '5'],
  },
  {
    name: 'canary revision',
    script: 'canary-rollout',
    args: ['set-traffic', 'control-00001-abc', HERE, '5'],
  },
  { name: 'percent', script: 'canary-rollout', args: ['set-traffic', 'a', 'b', HERE] },
  { name: 'revision of a rollback', script: 'canary-rollout', args: ['rollback', HERE] },
  { name: 'image', script: 'canary-rollout', args: ['deploy-no-traffic', HERE] },
  ...['PROJECT', 'REGION', 'SERVICE'].map((variable) => ({
    name: variable,
    script: 'canary-rollout',
    args: ['status'],
    variable,
  })),
  { name: 'IMAGE', script: 'deploy-staging', variable: 'IMAGE' },
  { name: 'SERVICE of a deployment', script: 'deploy-staging', variable: 'SERVICE' },
  { name: 'PROJECT of a preflight', script: 'preflight', variable: 'PROJECT' },
  ...[
    'MAINTENANCE_ALLOWED_PATHS',
    'MAINTENANCE_BYPASS_COOKIE_NAME',
    'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS',
    'MAINTENANCE_BYPASS_SECRET_NAME',
    'OPENAGENTS_BASE_URL',
  ].map((variable) => ({ name: variable, script: 'maintenance-mode', args: ['enable'], variable })),
  { name: 'OPENAGENTS_BASE_URL of a smoke check', script: 'smoke-control', variable: 'OPENAGENTS_BASE_URL' },
  ...['MIGRATE_JOB', 'RUNTIME_SERVICE', 'STAGING_CONTROL_BASE_URL'].map((variable) => ({
    name: variable,
    script: 'validate-rust-cutover',
    variable,
  })),
];
type Ended = { exitCode: number | null; stdout: string; stderr: string };

/**
 * A call of a script. `isProcess`: in a process of its own, which shows what becomes of bytes on the way into it and of
 * characters on the way out; in a process that has run others, a call takes a tenth of the time.
 */
type Call = { place: Place; value?: Buffer; env: Record<string, string>; cwd: string; isProcess: boolean };

function run({ isProcess, ...call }: Call): Promise<Ended> {
  return isProcess ? runProcess(call) : runHosted(call);
}

function runHosted({ place, value, env, cwd }: Omit<Call, 'isProcess'>): Promise<Ended> {
  const { script, args = [], variable } = place;
  const given = value?.toString() ?? '';
  return runScript(
    script,
    args.map((arg) => (arg === HERE ? given : arg)),
    { cwd, env: { HOME: cwd, ...env, ...(variable !== undefined && { [variable]: given }) } },
  );
}

/** The value need not be text: a shell reads it from a pipe. */
async function runProcess({ place, value, env, cwd }: Omit<Call, 'isProcess'>): Promise<Ended> {
  const { script, args = [], variable } = place;
  const given = args.map((arg) => (arg === HERE ? '"$V"' : `'${arg}'`)).join(' ');
  const assigned = variable === undefined ? '' : `export ${variable}="$V"; `;
  const file = join(projectRoot, 'scripts', `${script}.ts`);
  const command = `V=$(cat; echo .); V=\${V%.}; ${assigned}exec "$NODE" ${COMPILE_CACHE.join(' ')} "${file}" ${given} </dev/null`;
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: {
      ...{ PATH: process.env.PATH, HOME: cwd, NODE: process.execPath },
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(value ?? '');
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { exitCode, stdout, stderr };
}

function requireClean(shown: string): void {
  const found = UNSAFE.exec(shown);
  assert.equal(found, null, `unsafe character in ${JSON.stringify(shown.slice(0, 500))}`);
}

// Nothing here waits, and each process that runs scripts has to load them first.
const AT_ONCE = 2;

/**
 * Each place has one kind of value that goes to a process of its own, by turns. It begins with the third, so that the
 * bytes that are no UTF-8 and the 120 kB are tried as arguments too.
 */
function goesToProcess(kind: number, place: number): boolean {
  return kind === (place + 2) % Object.keys(VALUES).length;
}

function countOf(what: string, { isProcess }: { isProcess: boolean }): void {
  count(`${what} to ${isProcess ? 'real processes' : 'scripts in a process that goes on'}`);
}

describe('values from outside', { concurrency: AT_ONCE }, () => {
  let cloud: Emulator;
  let checkout: { root: string; [Symbol.asyncDispose](): Promise<void> };
  let folder: string;
  before(async () => {
    [cloud, checkout, folder] = await Promise.all([
      cloudWith(),
      bareCheckout(),
      mkdtemp(join(tmpdir(), 'hostile-')),
    ]);
  });
  after(async () => {
    await Promise.all([cloud.close(), checkout[Symbol.asyncDispose](), rm(folder, { recursive: true })]);
  });

  for (const [nth, place] of PLACES.entries()) {
    for (const [nthKind, [kind, value]] of Object.entries(VALUES).entries()) {
      test(`${place.name}: ${kind}: refused before any call`, async () => {
        const isProcess = goesToProcess(nthKind, nth);
        const env = {
          ...cloudEnv(cloud),
          OPENAGENTS_REPO_ROOT: checkout.root,
          IMAGE: `${IMAGES}:two`,
          OUTPUT_DIR: join(folder, 'matrix'),
        };
        const { exitCode, stdout, stderr } = await run({ place, value, env, cwd: folder, isProcess });
        assert.ok(exitCode === 1 || exitCode === 2, `exit ${exitCode}: ${stdout}${stderr}`);
        assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr.slice(0, 2000));
        assert.doesNotMatch(stderr, /this is a bug|\n\s+at /);
        requireClean(stdout + stderr);
        assert.ok(stderr.length < 3000, `${stderr.length} characters of complaint`);
        assert.deepEqual(cloud.requests, []);
        for (const place of [folder, checkout.root]) assert.ok(!existsSync(join(place, 'pwned')));
        countOf('hostile values', { isProcess });
      });
    }
  }
});

describe('what servers say', { concurrency: AT_ONCE }, () => {
  const messages = [ESCAPES, COMMANDS, 'x'.repeat(MEGABYTE), `${ESCAPES}${'\u001b[31m'.repeat(10_000)}`];
  for (const [index, message] of messages.entries()) {
    test(`message ${index + 1} of the API leaves terminal and report clean`, async () => {
      const isProcess = index === 0;
      await using cloud = await cloudWith({
        services: [
          {
            name: SERVICE,
            image: `${IMAGES}:one`,
            laterImages: [`${IMAGES}:two`],
            traffic: [{ revision: 1, percent: 100 }],
          },
        ],
      });
      await using checkout = await bareCheckout();
      await openReport(checkout.root);
      const env = { ...cloudEnv(cloud), OPENAGENTS_REPO_ROOT: checkout.root };
      for (const args of [['status'], ['set-traffic', ...revisionNames(cloud), '5']]) {
        cloud.on({
          match: { path: /\/services\// },
          fault: { kind: 'error', httpStatus: 403, status: 'PERMISSION_DENIED', message },
        });
        const place = { name: '', script: 'canary-rollout', args };
        const { exitCode, stdout, stderr } = await run({ place, env, cwd: checkout.root, isProcess });
        assert.equal(exitCode, 1);
        assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr.slice(0, 2000));
        assert.ok(stderr.length < 3000);
        requireClean(stdout + stderr);
        countOf('hostile answers', { isProcess });
      }
      const folder = join(checkout.root, 'apps/openagents.com/service/docs/reports');
      for (const name of (await readdir(folder)).filter((each) => each.endsWith('.md'))) {
        const report = await readFile(join(folder, name), 'utf8');
        requireClean(report);
        assert.ok(report.length < 20_000);
        assert.doesNotMatch(report, /^(?:::error::|error: not ours)/m);
      }
      assert.ok(!existsSync(join(checkout.root, 'pwned')));
    });
  }

  const manifest = (entry: string) =>
    JSON.stringify({ manifestVersion: 'openagents.webshell.v2', entry: { js: entry } });
  const answers: Readonly<Record<string, [headers: string, body: string]>> = {
    'escapes in a header': [
      `cache-control: ${ESCAPES.split('\r')[0]}\r\nset-cookie: a=\u001b[31m; path=/`,
      '{}',
    ],
    'escapes in a manifest': [
      'cache-control: no-cache',
      JSON.stringify({ manifestVersion: ESCAPES + COMMANDS }),
    ],
    'a manifest that names a command': ['cache-control: no-cache', manifest(`/$(touch pwned)${COMMANDS}`)],
    'a manifest that names another origin': [
      'cache-control: no-cache',
      manifest('https://evil.example/x.js'),
    ],
    'a manifest of a megabyte': ['cache-control: no-cache', manifest('a/'.repeat(MEGABYTE / 2))],
    'a header of a hundred kilobytes': [`cache-control: ${'a'.repeat(100_000)}`, '{}'],
    'no UTF-8': ['cache-control: no-cache', '{"manifestVersion":"\u00ff\u00fe"}'],
  };
  for (const [index, [name, [headers, body]]] of Object.entries(answers).entries()) {
    test(`${name}: a smoke check fails in clear words`, async () => {
      const isProcess = index === 0;
      const folder = await mkdtemp(join(tmpdir(), 'hostile-'));
      const head = `HTTP/1.1 200 OK\r\n${headers}\r\ncontent-length: ${Buffer.byteLength(body, 'latin1')}\r\nconnection: close\r\n\r\n`;
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', (asked) =>
          socket.end(Buffer.from(String(asked).startsWith('HEAD') ? head : head + body, 'latin1')),
        );
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = server.address() as { port: number };
        const junit = join(folder, 'junit.xml');
        const env = { OPENAGENTS_BASE_URL: `http://127.0.0.1:${port}`, SMOKE_JUNIT: junit };
        const place = { name: '', script: 'smoke-control' };
        const { exitCode, stdout, stderr } = await run({ place, env, cwd: folder, isProcess });
        assert.equal(exitCode, 1, stdout + stderr);
        assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr.slice(0, 2000));
        assert.doesNotMatch(stderr, /this is a bug|\n\s+at /);
        requireClean(stdout + stderr + (await readFile(junit, 'utf8')));
        assert.ok(stderr.length + stdout.length < 5000);
        assert.ok(!existsSync(join(folder, 'pwned')));
        countOf('hostile answers', { isProcess });
      } finally {
        server.close();
        await rm(folder, { recursive: true });
      }
    });
  }
});
