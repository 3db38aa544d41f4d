import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { gitIn } from '../support/git.ts';
import { inHookOf } from '../support/in-hook.ts';

test('a sample checkout ignores the git configuration of its user, and the repository of a hook that calls it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'hook-'));
  const [configuration, repository] = ['config/git', 'repository'].map((name) => join(folder.path, name));
  assert.ok(configuration && repository);
  for (const each of [configuration, repository]) await mkdir(each, { recursive: true });
  await writeFile(join(configuration, 'config'), '[commit]\ngpgSign = true\n[gpg]\nprogram = false\n');
  await gitIn(repository, 'init', '-q');

  {
    using _ = inHookOf(repository, { XDG_CONFIG_HOME: join(folder.path, 'config') });
    await using checkout = await sampleCheckout();
    assert.ok(existsSync(join(checkout.root, '.git')));
    assert.equal((await gitIn(checkout.root, 'log', '--format=%an %s')).trim(), 'Sample Sample checkout');
    assert.equal(await gitIn(checkout.root, 'status', '--porcelain'), '');
  }
  assert.equal(await gitIn(repository, 'rev-list', '--all'), '');
  assert.ok(!existsSync(join(repository, '.git/index')));
});
