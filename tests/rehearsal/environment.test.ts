import assert from 'node:assert/strict';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { childEnvironment, PROJECT, SERVICE } from '@deploy/rehearsal/stage';
import { cloudWith } from '../support/cloud.ts';

test('the rehearsal’s commands get what tools, gates and their locks need, and nothing that leads to a real project', async () => {
  await using emulator = await cloudWith();
  const needed = {
    ...{ HOME: '/home/ann', LC_ALL: 'C.UTF-8', CARGO_HOME: '/home/ann/cargo', RUSTFLAGS: '-Dwarnings' },
    ...{ OA_CONTROL_BIND_ADDR: '127.0.0.1:9000' },
    ...{ XDG_RUNTIME_DIR: '/run/user/1000', XDG_CACHE_HOME: '/home/ann/cache' },
  };
  const leading = {
    ...{
      PROJECT: 'real',
      CLOUD_RUN_EMULATOR_HOST: 'elsewhere:1',
      GOOGLE_APPLICATION_CREDENTIALS: '/key.json',
    },
    ...{ CLOUDSDK_CONFIG: '/home/ann/gcloud', XDG_CONFIG_HOME: '/home/ann/config', IMAGE_TAG: 'v1' },
    ...{ STAGING_CONTROL_BASE_URL: 'https://real.example.com', GIT_DIR: '/repo/.git', SKIP_VERIFY: '1' },
  };
  const cargo = { folder: '/cargo', env: {} };
  const { PATH, TURBO_CACHE_DIR, ...env } = childEnvironment(
    { ...needed, ...leading, PATH: '/usr/bin', UNSET: undefined },
    { emulator, checkout: '/checkout', cargo },
  );
  assert.deepEqual(env, {
    ...needed,
    CLOUD_RUN_EMULATOR_HOST: emulator.host,
    PROJECT,
    SERVICE,
    OPENAGENTS_REPO_ROOT: '/checkout',
  });
  assert.equal(PATH, ['/cargo', '/usr/bin'].join(delimiter));
  assert.equal(TURBO_CACHE_DIR, join('/checkout', 'target/turbo'));
});
