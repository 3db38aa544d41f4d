import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { pathWithout } from '../support/path-without.ts';
import { type PreflightWorld, preflightWorld } from '../support/preflight-world.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { NEW_IMAGE, PROJECT, SERVICE, staging } from '../support/staging.ts';

const CALLS = {
  'canary-rollout': ['status'],
  'maintenance-mode': ['status'],
  'smoke-health': [],
  'smoke-control': [],
  preflight: [],
  gates: [],
  'deploy-staging': [],
} as const;
type Script = keyof typeof CALLS;

const NO_GIT =
  /^\[warning\] tools: git is missing: nobody can tell which commit is built, and no verdict is cached -> Install git\.$/m;
const NO_CARGO = /^\[error\] tools: cargo is missing; needed by cargo-test -> Install Rust: \S+$/m;

type Outcome = { exitCode: number; says?: RegExp };

/** What each missing tool does to each script; a script that is not named does all that it does otherwise. */
const TABLE: Record<string, { programs: readonly string[]; effects: Partial<Record<Script, Outcome>> }> = {
  git: {
    programs: ['git'],
    effects: {
      preflight: { exitCode: 0, says: NO_GIT },
      'deploy-staging': { exitCode: 0, says: NO_GIT },
    },
  },
  cargo: {
    programs: ['cargo', 'rustc', 'rustup'],
    effects: {
      preflight: { exitCode: 1, says: NO_CARGO },
      gates: { exitCode: 1, says: /^cargo cannot be run: it is missing, or not executable$/m },
      'deploy-staging': { exitCode: 1, says: NO_CARGO },
    },
  },
  'make, gcloud, openssl, npm and pnpm': {
    programs: ['make', 'gcloud', 'openssl', 'npm', 'npx', 'pnpm'],
    effects: {},
  },
};

for (const [name, { programs, effects }] of Object.entries(TABLE)) {
  describe(`without ${name}`, () => {
    let world: PreflightWorld;
    let path: Awaited<ReturnType<typeof pathWithout>>;
    before(async () => {
      world = await preflightWorld(await staging({ env: { OA_CONTROL_STATIC_DIR: '/app/web-shell/dist' } }));
      path = await pathWithout(programs);
    });
    after(() => Promise.all([world, path].map((each) => each[Symbol.asyncDispose]())));

    for (const script of Object.keys(CALLS) as Script[]) {
      const { exitCode, says }: Outcome = effects[script] ?? { exitCode: 0 };
      test(`${script} ${exitCode === 0 ? 'works' : 'fails'}${says ? ', and says so' : ''}`, async () => {
        // A cargo that is always there is put in front, unless it is what is missing.
        const folders = programs.includes('cargo') ? [path.folder] : [world.tools.folder, path.folder];
        const run = await runScriptProcess(script, CALLS[script], {
          env: {
            PATH: folders.join(delimiter),
            TURBO_CACHE_DIR: join(path.folder, 'cache'),
            CLOUD_RUN_EMULATOR_HOST: world.cloud.host,
            OPENAGENTS_BASE_URL: world.cloud.service(SERVICE).uri,
            OPENAGENTS_REPO_ROOT: world.checkout.root,
            PROJECT,
            SERVICE,
            IMAGE: NEW_IMAGE,
            GATES: 'cargo-test',
          },
        });
        const output = `${run.stdout}\n${run.stderr}`;
        assert.equal(run.exitCode, exitCode, output);
        if (says) assert.match(output, says);
        else assert.doesNotMatch(output, /^(?:error:|\[error\])/m);
        assert.doesNotMatch(output, /this is a bug/);
      });
    }
  });
}

test('without git there is no rehearsal, and it says so', async () => {
  await using path = await pathWithout(['git']);
  const run = await runScriptProcess('rehearse', [], { env: { PATH: path.folder } });
  assert.equal(run.exitCode, 1);
  assert.equal(
    run.stderr,
    'error: git is missing, and the rehearsal commits its sample checkout with it\nInstall git.\n',
  );
});

test('once installed, a command needs no registry', async () => {
  await using registry = await refusingAddress();
  await using home = await mkdtempDisposable(join(tmpdir(), 'home-'));
  const command = ['pnpm@12', 'tsx', 'scripts/smoke-health.ts', '--help'];
  const { stdout } = await promisify(execFile)('npx', command, {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: home.path, npm_config_registry: registry.url },
  });
  assert.match(stdout, /^Usage:$/m);
});
