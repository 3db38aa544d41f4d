import assert from 'node:assert/strict';
import { mkdir, mkdtempDisposable, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot, runCommand } from '@deploy/cli';
import { copyProject } from '../mutants/copy.ts';
import { runScript } from '../support/hosted-script.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { scriptNames } from '../support/script-names.ts';
import { standInTools } from '../support/stand-in-tools.ts';

const node = process.execPath;
const tools = join(projectRoot, 'node_modules/.bin');
const tsx = join(tools, 'tsx');
const env = {
  PATH: `${tools}:${process.env.PATH}`,
  HOME: process.env.HOME ?? '',
  // What is compiled is kept, as `pnpm tsx` does it; Node alone compiles anew for each start.
  NODE_COMPILE_CACHE: join(projectRoot, 'node_modules/.cache/compiled'),
  NODE_COMPILE_CACHE_PORTABLE: '1',
  DRY_RUN: '1',
  PROJECT: 'p',
  SERVICE: 's',
};
const rollback = ['rollback', 'control-00001-abc'];
const announced =
  '+ gcloud run services update-traffic s --project p --region us-central1 --to-revisions control-00001-abc=100\n';

async function output(command: readonly string[], cwd: string): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(command, { cwd, env });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

describe('the scripts run', { concurrency: true }, () => {
  for (const name of scriptNames) {
    test(`${name} with node alone, which strips the types itself`, async () => {
      const help = await output([node, join(projectRoot, 'scripts', `${name}.ts`), '--help'], tmpdir());
      assert.equal(help, await readFile(join(import.meta.dirname, `golden/help/${name}.txt`), 'utf8'));
    });
  }

  test('from any working directory', async () => {
    const script = join(projectRoot, 'scripts/canary-rollout.ts');
    for (const runner of [node, tsx]) {
      assert.equal(await output([runner, script, ...rollback], tmpdir()), announced);
    }
  });

  test('through a symbolic link to the script, and through one to the whole project', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'links-'));
    await symlink(join(projectRoot, 'scripts/canary-rollout.ts'), join(folder.path, 'canary.ts'));
    await symlink(projectRoot, join(folder.path, 'deploy'));
    for (const runner of [node, tsx]) {
      for (const script of ['canary.ts', 'deploy/scripts/canary-rollout.ts']) {
        assert.equal(await output([runner, script, ...rollback], folder.path), announced, script);
      }
    }
  });

  test('from inside the checkout by npx pnpm --dir, which says where one is; pnpm alone does not, and they say so', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'checkout-'));
    await mkdir(join(folder.path, '.git'));
    // In no other checkout: this project may stand in one that has the service where it is by default.
    const SERVICE_DIR = 'services/of-nobody';
    await mkdir(join(folder.path, SERVICE_DIR), { recursive: true });
    const preflight = (more: Record<string, string>) =>
      runScriptProcess('preflight', [], {
        env: { DRY_RUN: '1', PROJECT: 'p', SKIP_VERIFY: '1', SERVICE_DIR, ...more },
      });
    const found = await preflight({ INIT_CWD: folder.path });
    assert.doesNotMatch(found.stdout, /no checkout/);
    const lost = await preflight({ PNPM_PACKAGE_NAME: 'openagents-cloud-run' });
    assert.match(
      lost.stdout,
      /no checkout .*pnpm --dir runs in its own folder .*OPENAGENTS_REPO_ROOT="\$\(git/,
    );
  });

  test('by npx pnpm --dir or make, where relative paths start in the folder of the call', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'called-from-'));
    await writeFile(join(folder.path, 'seen.json'), '{"step": 5, "minutes": []}');
    await using nobody = await refusingAddress();
    for (const [called, where] of [
      ['npx', { INIT_CWD: folder.path }],
      ['make', { MAKELEVEL: '1', MAKE_INIT_CWD: folder.path }],
    ] as const) {
      const judged = await runScript('canary-rollout', ['judge', '--file', 'seen.json'], { env: where });
      assert.doesNotMatch(judged.stderr, /cannot be read/, called);
      const smoke = { OPENAGENTS_BASE_URL: nobody.url, SMOKE_RETRIES: '0', EVIDENCE_REPORT: 'none' };
      await runScript('smoke-health', [], { env: { ...where, ...smoke, SMOKE_JUNIT: `${called}.xml` } });
      assert.match(await readFile(join(folder.path, `${called}.xml`), 'utf8'), /<failure/);
    }
  });

  test('from a project that cannot be written to, but for the gates, which say so', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'read-only-'));
    await copyProject(projectRoot, folder.path);
    // A file where turbo's folder belongs stops everybody, even an administrator.
    await writeFile(join(folder.path, '.turbo'), '');
    await mkdir(join(folder.path, 'checkout/service'), { recursive: true });
    const { exitCode, stderr } = await runCommand([node, join(folder.path, 'scripts/gates.ts')], {
      env: {
        ...env,
        ...{
          OPENAGENTS_REPO_ROOT: join(folder.path, 'checkout'),
          SERVICE_DIR: 'service',
          GATES: 'sw-policy',
        },
      },
    });
    assert.match(
      stderr,
      /^error: gates cannot run, because .+\/\.turbo cannot be written to \(EEXIST.*\)\nUse a copy of this project that is yours\.$/m,
    );
    assert.equal(exitCode, 1);
  });

  test('from a folder whose name has a blank and a letter beyond ASCII, gates included', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'deploy scripts ü-'));
    const copy = join(folder.path, 'project');
    await copyProject(projectRoot, copy);
    await using tools = await standInTools({});
    const checkout = join(folder.path, 'checkout');
    await mkdir(join(checkout, 'service'), { recursive: true });
    await tools.put(join(checkout, 'web shell/build-dist.sh'), 'echo built');
    const { exitCode, stdout, stderr } = await runCommand([node, join(copy, 'scripts/deploy-staging.ts')], {
      env: {
        ...env,
        ...{ OPENAGENTS_REPO_ROOT: checkout, SERVICE_DIR: 'service', WEB_SHELL_DIR: 'web shell' },
        ...{ IMAGE: 'i:t', SKIP_VERIFY: '1' },
      },
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^built$/m);
  });

  test('with pnpm tsx, in the project and, told where that is, from elsewhere', async () => {
    const call = ['tsx', 'scripts/canary-rollout.ts', ...rollback];
    assert.equal(await output(['pnpm', ...call], projectRoot), announced);
    assert.equal(await output(['pnpm', '--dir', projectRoot, ...call], tmpdir()), announced);
  });
});
