import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot, runCommand } from '@deploy/cli';
import { gateIds } from '@deploy/gates';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { buildService } from '../support/built-service.ts';
import { runScript } from '../support/hosted-script.ts';
import { without } from '../support/needs.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { UNUSED_ADDRESS } from '../support/unused-address.ts';

const OWN_TOOLS = join(projectRoot, 'node_modules/.bin');

/** Runs a rehearsal whose temporary files can be looked at, and sees that none is left. */
async function rehearse(
  args: readonly string[],
  env: Record<string, string> = {},
  start = runScript,
): Promise<ScriptRun> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'rehearse-'));
  const run = await start('rehearse', args, {
    env: { TMPDIR: folder.path, ...env },
    pathFirst: [OWN_TOOLS],
  });
  const left = await readdir(folder.path);
  assert.deepEqual(
    left.filter((name) => /^(?:openagents|rehearsal|gates)-/.test(name)),
    [],
  );
  return run;
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const run = await runCommand(['git', ...args], { cwd });
  assert.equal(run.exitCode, 0, run.stderr);
  return run.stdout.trim();
}

test('a checkout is rehearsed as it is committed, with its own program as the service', {
  skip: await without('a cargo'),
}, async () => {
  await using checkout = await sampleCheckout();
  await buildService(checkout.root);
  // What is not committed must not be rehearsed, and must still be there afterwards.
  const script = join(checkout.root, 'apps/openagents.com/web-shell/build-dist.sh');
  await writeFile(script, 'exit 1\n');
  const before = await git(checkout.root, 'status', '--porcelain');
  const commit = await git(checkout.root, 'rev-parse', '--short', 'HEAD');

  const program = 'target/debug/openagents-control-service';
  const run = await rehearse(
    ['--checkout', '.', '--service', program, '--steps', 'deploy,gates,smoke'],
    { INIT_CWD: checkout.root, ...UNUSED_ADDRESS },
    runScriptProcess,
  );
  assert.equal(run.exitCode, 0, `${run.stdout}\n${run.stderr}`);
  assert.match(run.stdout, /^Real: .*$/m);
  const [line = ''] = run.stdout.match(/^Real: .*$/m) ?? [];
  assert.ok(
    line.includes(`the checkout ${checkout.root} at ${commit}, without its uncommitted changes`),
    line,
  );
  assert.ok(line.includes(`the control service (${program})`), line);
  assert.doesNotMatch(line.slice(line.indexOf('Stand-ins')), /control service|checkout/);
  assert.match(run.stdout, /^ok: control-service smoke checks passed for /m);
  assert.match(run.stdout, /of 100 requests: 100 x 20260221T193500Z/);
  assert.match(run.stdout, /It has every field/);
  // The deployment ran the gates in the copy; asked again, each verdict comes from the cache.
  const replayed = run.stderr.match(/^[\w-]+: passed, replayed from the .*$/gm) ?? [];
  assert.deepEqual(
    replayed.map((line) => line.split(':')[0]),
    [...gateIds],
    run.stderr,
  );
  assert.equal(await git(checkout.root, 'status', '--porcelain'), before);
});

test('OPENAGENTS_REPO_ROOT names the checkout too, and parts that others need come along', async () => {
  await using checkout = await sampleCheckout();
  const run = await rehearse(['--steps', 'status'], { OPENAGENTS_REPO_ROOT: checkout.root });
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(run.stdout, /Status \(1 of 1\)/);
  assert.match(run.stdout, /Stand-ins: Cloud Run, its registry and secrets; the control service\.$/m);
});

test('a scenario changes services, images and the clock', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'scenario-'));
  const file = join(folder.path, 'slow.yaml');
  await writeFile(
    file,
    'services:\n  openagents-control-service-staging:\n    laterImages: [candidate]\n    traffic: [{revision: 2, percent: 100}]\n    load: 600/min\nimages:\n  candidate: {errorPercent: 100}\n',
  );
  const run = await rehearse(['--scenario', file, '--steps', 'smoke']);
  assert.equal(run.exitCode, 1);
  assert.match(run.stdout, /of 100 requests: 100 x HTTP 500/);
  assert.match(run.stderr, /error: the rehearsal did not go as expected: Smoke: health; Smoke/);
});

test('a program that does not start shows its last output, before anything is rehearsed', async () => {
  const run = await rehearse(['--service', 'echo no database; exit 3']);
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /^no database\nerror: 'echo no database; exit 3' does not start: .*PORT=8080/m);
  assert.doesNotMatch(run.stdout, /Preflight/);
});

describe('what cannot be rehearsed is refused with exit code 2, at once', () => {
  const rows: [name: string, args: readonly string[], message: RegExp][] = [
    [
      'an option that is misspelt, with the one that was meant',
      ['--kep'],
      /^error: Unknown option '--kep'\nDid you mean: --keep\n--help lists the options\.\n$/,
    ],
    ['an option without its value', ['--checkout'], /^error: .*--checkout/],
    ['unknown steps', ['--steps', 'deploy,dance'], /^error: --steps does not know 'dance'\nChoose from /],
    [
      'a folder that is no checkout',
      ['--checkout', '/'],
      /^error: \/ has no apps\/openagents.com\/service\n/,
    ],
    [
      'a scenario that is not there',
      ['--scenario', join(import.meta.dirname, 'none.yaml')],
      /^error: the scenario \S*\/none\.yaml: .*ENOENT/,
    ],
  ];
  for (const [name, args, message] of rows) {
    test(name, async () => {
      const run = await rehearse(args);
      assert.equal(run.exitCode, 2, run.stderr);
      assert.equal(run.stdout, '');
      assert.match(run.stderr, message);
    });
  }
});
