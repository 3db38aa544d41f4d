import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { operatorEnvironment, projectRoot } from '@deploy/cli';

const tools = join(projectRoot, 'node_modules/.bin');

test("what pnpm and its wrappers put into the environment does not reach the operator's commands", () => {
  assert.deepEqual(
    operatorEnvironment({
      PATH: `${tools}:/usr/local/bin:${projectRoot}/packages/gates/node_modules/.bin:/usr/bin`,
      NODE: `${tools}/node`,
      NODE_PATH: `${tools}/../.pnpm/tsx@4.0.0/node_modules:${tools}/../.pnpm/node_modules`,
      INIT_CWD: projectRoot,
      npm_config_user_agent: 'pnpm',
      PNPM_PACKAGE_NAME: 'openagents-cloud-run',
      RUSTFLAGS: '-D warnings',
    }),
    { PATH: `/usr/local/bin:/usr/bin:${tools}`, RUSTFLAGS: '-D warnings' },
  );
});

test("the operator's own of the same names does", () => {
  const own = { NODE: '/opt/node/bin/node', NODE_PATH: '/opt/modules:/srv/modules' };
  assert.deepEqual(operatorEnvironment({ PATH: '/usr/bin', ...own }), { PATH: `/usr/bin:${tools}`, ...own });
  assert.equal(operatorEnvironment({ NODE_PATH: `${tools}/..:/opt/modules` }).NODE_PATH, '/opt/modules');
});
