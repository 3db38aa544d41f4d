import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { nobodysGitEnvironment, sampleCheckout } from '@deploy/rehearsal/stage';
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

test('git does not tidy up in the background, where it would still write into a checkout that is being removed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tidy-'));
  const root = join(folder.path, 'checkout');
  await gitIn(folder.path, 'init', '-q', root);
  await writeFile(join(root, 'file'), 'text');
  const trace = join(folder.path, 'trace');
  const env = { ...nobodysGitEnvironment(folder.path), GIT_TRACE: trace };
  for (const args of [
    ['add', '.'],
    ['commit', '-q', '-m', 'a file'],
  ])
    assert.equal((await runCommand(['git', ...args], { cwd: root, env })).exitCode, 0);
  assert.doesNotMatch(await readFile(trace, 'utf8'), /maintenance|gc --auto/);
});
