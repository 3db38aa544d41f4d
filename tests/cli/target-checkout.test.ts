import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findTargetCheckout, UserError } from '@deploy/cli';

const places = { serviceDir: 'apps/openagents.com/service', webShellDir: 'apps/openagents.com/web-shell' };

function checkout(t: TestContext): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'target-')));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, '.git'));
  mkdirSync(join(root, places.serviceDir, 'deploy'), { recursive: true });
  return root;
}

function from<T>(folder: string, look: () => T): T {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return look();
  } finally {
    process.chdir(before);
  }
}

test('the checkout is where OPENAGENTS_REPO_ROOT points', (t) => {
  const root = checkout(t);
  assert.deepEqual(findTargetCheckout({ repoRoot: root, ...places }), { root, ...places });
});

test('OPENAGENTS_REPO_ROOT that holds no service is an error, not passed over', (t) => {
  const root = checkout(t);
  assert.throws(
    () => from(root, () => findTargetCheckout({ repoRoot: tmpdir(), ...places })),
    (error) => error instanceof UserError && /OPENAGENTS_REPO_ROOT is .* has no apps/.test(error.message),
  );
});

test('without it, the git root of the working directory, however deep inside', (t) => {
  const root = checkout(t);
  const deep = join(root, places.serviceDir, 'deploy');
  assert.equal(from(deep, () => findTargetCheckout({ repoRoot: undefined, ...places })).root, root);
});

test('a service that has moved is found by SERVICE_DIR', (t) => {
  const root = checkout(t);
  mkdirSync(join(root, 'services/control'), { recursive: true });
  const moved = { repoRoot: root, serviceDir: 'services/control', webShellDir: 'web' };
  assert.deepEqual(findTargetCheckout(moved), { root, serviceDir: 'services/control', webShellDir: 'web' });
});

test('none at all is an error that says what was tried', (t) => {
  const root = checkout(t);
  // This project may itself stand in a checkout, and the temporary folder in a repository.
  const nobodys = { serviceDir: 'services/of-nobody', webShellDir: places.webShellDir };
  assert.throws(
    () => from(root, () => findTargetCheckout({ repoRoot: undefined, ...nobodys })),
    (error) =>
      error instanceof UserError &&
      error.exitCode === 1 &&
      error.message.includes(`; tried ${root} and `) &&
      error.message.endsWith(' for services/of-nobody'),
  );
  assert.throws(
    () => from('/', () => findTargetCheckout({ repoRoot: undefined, ...nobodys })),
    /tried \/ \(not in a git checkout\) and /,
  );
});

for (const serviceDir of ['/etc', '../other', 'a/../../b']) {
  test(`SERVICE_DIR=${serviceDir} leads out of the checkout and is refused`, () => {
    assert.throws(
      () => findTargetCheckout({ repoRoot: tmpdir(), serviceDir, webShellDir: 'w' }),
      /SERVICE_DIR is/,
    );
  });
}
