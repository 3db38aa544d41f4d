import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cloudSettings } from '@deploy/cloudrun';
import { runScript } from '../support/hosted-script.ts';
import { scriptNames } from '../support/script-names.ts';

// UPDATE_GOLDEN=1 in front of the test writes the files anew; then look at what git says has changed.
const GOLDEN = join(import.meta.dirname, 'golden/help');
const isUpdate = process.env.UPDATE_GOLDEN === '1';

describe('--help', { concurrency: true }, () => {
  for (const name of scriptNames) {
    test(`of ${name} goes to stdout, exits 0 and reads as its golden file does`, async () => {
      const { exitCode, stdout, stderr } = await runScript(name, ['--help']);
      assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
      const golden = join(GOLDEN, `${name}.txt`);
      if (isUpdate) await writeFile(golden, stdout);
      assert.equal(stdout, await readFile(golden, 'utf8'), 'UPDATE_GOLDEN=1 writes it anew');
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `too wide for a terminal: ${line}`);
    });
  }

  test('-h is the same, and what is set in the environment changes nothing', async () => {
    const { exitCode, stdout } = await runScript('canary-rollout', ['-h'], {
      env: { DRY_RUN: 'nonsense', REGION: 'europe-west1' },
    });
    assert.equal(exitCode, 0);
    assert.equal(stdout, await readFile(join(GOLDEN, 'canary-rollout.txt'), 'utf8'));
  });

  test('is given after an action as well', async () => {
    const { exitCode, stdout } = await runScript('canary-rollout', ['rollback', '--help']);
    assert.equal(exitCode, 0);
    assert.equal(stdout, await readFile(join(GOLDEN, 'canary-rollout.txt'), 'utf8'));
  });

  test('has a golden file for every script and none beside', () => {
    assert.deepEqual(
      // Without what systems and editors leave behind.
      readdirSync(GOLDEN)
        .filter((name) => !name.startsWith('.'))
        .sort(),
      scriptNames.map((name) => `${name}.txt`),
    );
  });

  test('as JSON has the same variables', async () => {
    const { exitCode, stdout } = await runScript('smoke-control', ['--help=json']);
    assert.equal(exitCode, 0);
    const { script, variables } = JSON.parse(stdout);
    assert.equal(script, 'scripts/smoke-control.ts');
    assert.deepEqual(
      variables.find(({ name }: { name: string }) => name === 'OPENAGENTS_CONTROL_ACCESS_TOKEN'),
      {
        name: 'OPENAGENTS_CONTROL_ACCESS_TOKEN',
        meaning: 'access token for checking the session and token routes as well',
        secret: true,
      },
    );
  });
});

// Groups of settings are merged by key, so a key that is used twice would silently replace a variable by another one.
describe('a script that talks to Google', { concurrency: true }, () => {
  for (const name of [
    'canary-rollout',
    'deploy-production',
    'deploy-staging',
    'maintenance-mode',
    'preflight',
  ]) {
    test(`reads every variable for that: ${name}`, async () => {
      const { stdout } = await runScript(name, ['--help=json']);
      const { variables } = JSON.parse(stdout) as { variables: { name: string }[] };
      const missing = Object.values(cloudSettings)
        .map((setting) => setting.name)
        .filter((variable) => !variables.some((each) => each.name === variable));
      assert.deepEqual(missing, []);
    });
  }
});

describe('a slip of the finger', { concurrency: true }, () => {
  const slips: [script: string, action: string, meant: string][] = [
    ['canary-rollout', 'rolback', 'rollback'],
    ['canary-rollout', 'set_traffic', 'set-traffic'],
    ['canary-rollout', 'Status', 'status'],
    ['maintenance-mode', 'disabel', 'disable'],
    ['gates', '--explian', '--explain'],
  ];
  for (const [script, action, meant] of slips) {
    test(`${script} ${action}: usage on stdout, a suggestion on stderr, exit 2`, async () => {
      const { exitCode, stdout, stderr } = await runScript(script, [action]);
      assert.equal(exitCode, 2);
      assert.match(stdout, /^Usage:$/m);
      const [error, suggestion, help, ...more] = stderr.split('\n');
      assert.equal(error, `error: there is no action "${action}"`);
      assert.equal(suggestion, `Did you mean: ${meant}`);
      assert.match(help ?? '', new RegExp(`^To see all actions: .*tsx scripts/${script}\\.ts --help$`));
      assert.deepEqual(more, ['']);
    });
  }

  test('an action that is like none gets the usage alone', async () => {
    const { exitCode, stderr } = await runScript('canary-rollout', ['frobnicate']);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 2, stderr: '' });
  });

  test('a misspelt variable is a warning on stderr, without its value; the run goes as it would', async () => {
    const env = { PROJECT: 'p', DRY_RUN: '1', SERVICE_: 'x' };
    const plain = await runScript('canary-rollout', ['status'], { env });
    const slipped = await runScript('canary-rollout', ['status'], {
      env: { ...env, GOOGLE_APPLICATION_CREDENTIAL: '/a/file/of/mine' },
    });
    assert.equal(plain.stderr, 'warning: SERVICE_ is not read by this script; did you mean SERVICE?\n');
    assert.deepEqual([slipped.exitCode, slipped.stdout], [0, plain.stdout]);
    assert.match(
      slipped.stderr,
      /GOOGLE_APPLICATION_CREDENTIAL is not .* mean GOOGLE_APPLICATION_CREDENTIALS\?/,
    );
    assert.doesNotMatch(slipped.stderr, /mine/);
  });

  test('OPENAGENTS_BASEURL: the error, and what was probably meant', async () => {
    const { exitCode, stderr } = await runScript('smoke-health', [], {
      env: { OPENAGENTS_BASEURL: 'https://staging.example.com' },
    });
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /^warning: OPENAGENTS_BASEURL is not read by this script; did you mean OPENAGENTS_BASE_URL\?\nerror: OPENAGENTS_BASE_URL is unset\n/,
    );
  });

  test('arguments that nobody reads are told, but not shown: one of them may be a token', async () => {
    const { stderr } = await runScript('smoke-health', ['--token=sesame-1234']);
    assert.match(stderr, /^warning: this script takes no arguments/);
    assert.doesNotMatch(stderr, /sesame/);
  });
});
