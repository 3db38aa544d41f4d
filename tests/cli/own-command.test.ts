import assert from 'node:assert/strict';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { commandLine, type Environment, gcloudCommand, ownCommand, projectRoot } from '@deploy/cli';
import { rememberCaller } from '@deploy/cli/start';

const NPX = 'npx --yes pnpm@12';
const HERE = commandLine([], [projectRoot]);
/** In no checkout: this project may stand in one that has the service where it is by default. */
const SERVICE_DIR = 'services/of-nobody';
const shown = (env: Environment, cwd: string): string => {
  rememberCaller({ PATH: '', SERVICE_DIR, ...env }, cwd);
  return ownCommand('canary-rollout', ['rollback', "it's"], [['SERVICE', 'control']]);
};

describe('a command of our own, for whoever called the script', () => {
  const call = "tsx scripts/canary-rollout.ts rollback 'it'\\''s'";

  test('is quoted for a shell, and names the folder of the project wherever it was called, so that it works everywhere', () => {
    const anywhere = `SERVICE_DIR=${SERVICE_DIR} SERVICE=control ${NPX} --dir ${HERE} ${call}`;
    assert.equal(shown({}, projectRoot), anywhere);
    assert.equal(shown({}, tmpdir()), anywhere);
    assert.equal(shown({ INIT_CWD: tmpdir() }, projectRoot), anywhere);
    assert.equal(shown({ INIT_CWD: projectRoot, MAKELEVEL: '1' }, projectRoot), anywhere);
    // A pnpm of the person's own does not say where it was called.
    assert.equal(shown({ PNPM_PACKAGE_NAME: 'openagents-cloud-run' }, projectRoot), anywhere);
  });

  test("names a pnpm of the person's own, not the one that npx has fetched", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'path-'));
    const fetched = join(folder.path, 'node_modules/.bin');
    await mkdir(fetched, { recursive: true });
    await writeFile(join(fetched, 'pnpm'), '');
    assert.match(
      shown({ PATH: fetched }, projectRoot),
      /^SERVICE_DIR=\S+ SERVICE=control npx --yes pnpm@12 --dir /,
    );
    await writeFile(join(folder.path, 'pnpm'), '');
    assert.match(
      shown({ PATH: `${fetched}:${folder.path}` }, projectRoot),
      /^SERVICE_DIR=\S+ SERVICE=control pnpm --dir /,
    );
  });

  test("is gcloud's, and leads to a local Cloud Run where one is used", () => {
    const secret = 'gcloud secrets versions access latest';
    rememberCaller({}, projectRoot);
    assert.equal(gcloudCommand(secret), secret);
    rememberCaller({ CLOUD_RUN_EMULATOR_HOST: '127.0.0.1:81' }, projectRoot);
    assert.match(
      gcloudCommand(secret),
      /^CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER=http:\/\/localhost:81\/ .* gcloud secrets versions access latest$/,
    );
    assert.match(gcloudCommand('gcloud run services list'), /^CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=/);
  });

  test('leads to the same local Cloud Run and to the same checkout', async () => {
    const env = { CLOUD_RUN_EMULATOR_HOST: '127.0.0.1:1', OPENAGENTS_REPO_ROOT: '/check out' };
    assert.equal(
      shown(env, projectRoot),
      `CLOUD_RUN_EMULATOR_HOST=127.0.0.1:1 OPENAGENTS_REPO_ROOT='/check out' SERVICE_DIR=${SERVICE_DIR} SERVICE=control ${NPX} --dir ${HERE} ${call}`,
    );
    assert.equal(
      shown({ OPENAGENTS_REPO_ROOT: 'checkout', SERVICE_DIR: 'service', WEB_SHELL_DIR: 'shell' }, '/here'),
      `OPENAGENTS_REPO_ROOT=/here/checkout SERVICE_DIR=service WEB_SHELL_DIR=shell SERVICE=control ${NPX} --dir ${HERE} ${call}`,
    );
    await using folder = await mkdtempDisposable(join(tmpdir(), 'checkout-'));
    await mkdir(join(folder.path, '.git'));
    await mkdir(join(folder.path, SERVICE_DIR), { recursive: true });
    const root = commandLine([['OPENAGENTS_REPO_ROOT', folder.path]], []);
    const there = `${root} SERVICE_DIR=${SERVICE_DIR} SERVICE=control `;
    for (const [env, cwd] of [
      [{}, join(folder.path, 'services')],
      [{ INIT_CWD: folder.path }, projectRoot],
      [{ MAKELEVEL: '1', MAKE_INIT_CWD: folder.path }, projectRoot],
    ] as const)
      assert.equal(shown(env, cwd).slice(0, there.length), there);
  });
});
