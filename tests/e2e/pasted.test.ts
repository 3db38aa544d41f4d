import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempDisposable, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';

test('a command that a script shows works where it is pasted: in another folder, in a shell that knows nothing', async () => {
  await using cloud = await cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:stable`,
        laterImages: [`${IMAGES}:canary`],
        traffic: [{ revision: 1, percent: 100 }],
      },
    ],
  });
  const [stable = '', canary = ''] = revisionNames(cloud);
  await using folder = await mkdtempDisposable(join(tmpdir(), 'elsewhere '));
  // A pnpm of the person's own.
  await symlink(join(projectRoot, 'node_modules/.bin/pnpm'), join(folder.path, 'pnpm'));
  const refused = await runScript('canary-rollout', ['set-traffic', canary, stable, '5'], {
    env: cloudEnv(cloud),
    cwd: folder.path,
    pathFirst: [folder.path],
  });
  assert.equal(refused.exitCode, 1);
  const [command = ''] = refused.stderr.split('\n').filter((line) => line.startsWith('  '));
  await promisify(execFile)('sh', ['-c', command], {
    cwd: folder.path,
    env: { PATH: [folder.path, process.env.PATH].join(':'), HOME: process.env.HOME },
  });
  assert.deepEqual(serving(cloud), [`${stable}=95`, `${canary}=5`]);
});
