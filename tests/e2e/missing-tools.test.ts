import assert from 'node:assert/strict';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathWithout } from '../support/path-without.ts';
import { type PreflightWorld, preflightWorld } from '../support/preflight-world.ts';
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

const RUST = ['cargo', 'rustc', 'rustup'];
const OTHERS = ['make', 'gcloud', 'openssl', 'npm', 'npx', 'pnpm'];

type Outcome = { exitCode: number; says?: RegExp };

/**
 * What missing tools do to each script; one for which nothing is said does all that it does otherwise. Where several
 * are missing, each of them is: a script that does without all of them does without each.
 */
const TABLE: Record<string, { programs: readonly string[]; outcomes: Partial<Record<Script, Outcome>> }> = {
  'any of the tools': {
    programs: ['git', ...RUST, ...OTHERS],
    outcomes: {
      'canary-rollout': { exitCode: 0 },
      'maintenance-mode': { exitCode: 0 },
      'smoke-health': { exitCode: 0 },
      'smoke-control': { exitCode: 0 },
    },
  },
  'git, make, gcloud, openssl, npm and pnpm': {
    programs: ['git', ...OTHERS],
    outcomes: {
      preflight: { exitCode: 0, says: NO_GIT },
      gates: { exitCode: 0 },
      'deploy-staging': { exitCode: 0, says: NO_GIT },
    },
  },
  cargo: {
    programs: RUST,
    outcomes: {
      preflight: { exitCode: 1, says: NO_CARGO },
      gates: { exitCode: 1, says: /^cargo cannot be run: it is missing, or not executable$/m },
      'deploy-staging': { exitCode: 1, says: NO_CARGO },
    },
  },
};

describe('what missing tools do', () => {
  let world: PreflightWorld;
  before(async () => {
    world = await preflightWorld(await staging({ env: { OA_CONTROL_STATIC_DIR: '/app/web-shell/dist' } }));
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [name, { programs, outcomes }] of Object.entries(TABLE)) {
    describe(`without ${name}`, () => {
      let path: Awaited<ReturnType<typeof pathWithout>>;
      before(async () => {
        path = await pathWithout(programs);
      });
      after(() => path[Symbol.asyncDispose]());

      for (const script of Object.keys(outcomes) as Script[]) {
        const { exitCode, says }: Outcome = outcomes[script] ?? { exitCode: 0 };
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
          if (exitCode === 0) assert.doesNotMatch(output, /^(?:error:|\[error\])/m);
          assert.doesNotMatch(output, /this is a bug/);
        });
      }
    });
  }

  test('nothing of the table is left out', () => {
    const named = Object.values(TABLE).flatMap(({ outcomes }) => Object.keys(outcomes));
    assert.deepEqual(new Set(named), new Set(Object.keys(CALLS)));
  });
});

test('without git there is no rehearsal, and it says so', async () => {
  await using path = await pathWithout(['git']);
  const run = await runScriptProcess('rehearse', [], { env: { PATH: path.folder } });
  assert.equal(run.exitCode, 1);
  assert.equal(
    run.stderr,
    'error: git is missing, and the rehearsal commits its sample checkout with it\nInstall git.\n',
  );
});
