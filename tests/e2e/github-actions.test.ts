import assert from 'node:assert/strict';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { cloudEnv, cloudWith, IMAGES, revisionNames } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { standInTools } from '../support/stand-in-tools.ts';
import { UNUSED_ADDRESS } from '../support/unused-address.ts';

const ACTIONS = { GITHUB_ACTIONS: 'true' };
const TOKEN = 'token-of-the-annotation-0123456789';

async function deployment(cargo: string, folder: string) {
  await using cloud = await cloudWith();
  await using checkout = await sampleCheckout();
  await using tools = await standInTools({ cargo });
  const summary = join(folder, 'summary.md');
  const env = {
    ...cloudEnv(cloud),
    ...UNUSED_ADDRESS,
    SKIP_PREFLIGHT: '1',
    GATES_FORCE: '1',
    IMAGE: `${IMAGES}:two`,
    OPENAGENTS_REPO_ROOT: checkout.root,
    EVIDENCE_REPORT: 'none',
    TURBO_CACHE_DIR: join(folder, 'turbo'),
  };
  const options = { pathFirst: [tools.folder] };
  const run = await runScript('deploy-staging', [], {
    env: { ...env, ...ACTIONS, GITHUB_STEP_SUMMARY: summary },
    ...options,
  });
  return { run, revisions: revisionNames(cloud), summary: await readFile(summary, 'utf8') };
}

describe('in GitHub Actions', { concurrency: true }, () => {
  test('a deployment is folded gate by gate on stderr, and sums itself up', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'actions-'));
    const { run, revisions, summary } = await deployment('echo "stub cargo $*"', folder.path);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.doesNotMatch(run.stdout, /::/);
    const commands = run.stderr.split('\n').filter((line) => line.startsWith('::'));
    const gates = ['cargo-test', 'wasm-check', 'sw-policy', 'perf-budget'];
    const folds = ['web-shell-build', ...gates.map((gate, i) => `${gate}, ${i + 1} of 4`)];
    assert.match(
      run.stderr,
      /^\[passed\] cargo-test \(.*\n\[passed\] wasm-check .*\n\[passed\] sw-policy .*\n\[passed\] perf-budget /m,
    );
    assert.deepEqual(
      commands,
      folds.flatMap((title) => [`::group::${title}`, '::endgroup::']),
    );
    assert.match(summary, /^\| perf-budget \| passed \| \d+(?:\.\d s| ms) \| this run/m);
    assert.match(
      summary,
      new RegExp(`^\`${revisions[1]}\` of \`control\`, from .* Serving: ${revisions[0]} 100 %\\.$`, 'm'),
    );
  });

  test('a failed gate is an annotation beside its error line, and in the summary', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'actions-'));
    const { run, revisions, summary } = await deployment('[ "$1" != test ] || exit 101', folder.path);
    assert.equal(run.exitCode, 101);
    assert.equal(revisions.length, 1, 'nothing was deployed');
    assert.match(
      run.stderr,
      /^::error title=scripts\/deploy-staging\.ts::cargo-test failed .*%0AIts output above tells why\. Nothing was deployed/m,
    );
    assert.match(run.stderr, /^error: cargo-test failed with exit code 101$/m);
    assert.match(summary, /^\| cargo-test \| \*\*failed\*\*, exit code 101 \|/m);
    assert.match(summary, /^\| perf-budget \| not run \|/m);
  });

  test('stdout is what it is elsewhere, and no annotation holds a token', async () => {
    await using nobody = await refusingAddress();
    const env = {
      OPENAGENTS_BASE_URL: nobody.url,
      OPENAGENTS_CONTROL_ACCESS_TOKEN: TOKEN,
      SMOKE_FORMAT: 'json',
    };
    const run = await runScript('smoke-control', [], { env: { ...env, ...ACTIONS } });
    assert.equal(run.exitCode, 1);
    assert.equal(JSON.parse(run.stdout).state, 'failed');
    assert.match(run.stderr, /^::error title=scripts\/smoke-control\.ts::readiness: GET /m);
    assert.doesNotMatch(`${run.stdout}${run.stderr}`, new RegExp(TOKEN));
  });
});
