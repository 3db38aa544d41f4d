import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canaryActions } from '@deploy/cloudrun';
import { type SampleCheckout, sampleCheckout } from '../../scripts/rehearsal/sample-checkout.ts';
import { type Recording, recordingsOf, usageVariables } from '../support/recordings.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { type StandInTools, standInTools } from '../support/stand-in-tools.ts';

// Where ours differs from the recorded shell script, on purpose: a failed gate is explained on stderr.
const EXPLAINED = new Set(['deploy-gate1-fails']);

describe('the recorded runs of canary-rollout and deploy-staging', () => {
  let checkout: SampleCheckout;
  before(async () => {
    checkout = await sampleCheckout();
  });
  after(() => checkout[Symbol.asyncDispose]());

  const recordings = recordingsOf('canary-rollout', 'deploy-staging');
  test('there are 13 of them', () => assert.equal(recordings.length, 13));

  for (const recording of recordings) {
    test(recording.id, async () => {
      await using tools = await recordedTools(checkout.root);
      const run = await runScriptProcess(recording.script, recording.args, {
        env: { ...recording.env, OPENAGENTS_REPO_ROOT: checkout.root },
        pathFirst: [tools.folder],
      });
      const { observed } = recording;
      const withoutRoot = (text: string): string => text.replaceAll(checkout.root, '<REPO>');
      assert.equal(run.exitCode, observed.exit, run.stderr);
      checkStdout(recording, withoutRoot(run.stdout));
      if (observed.stderr !== '' || EXPLAINED.has(recording.id)) assert.match(run.stderr, /^error: \S.*$/m);
      else assert.equal(run.stderr, '');
      const calls = (await tools.calls()).map(({ tool, args }) => ({ tool, args: args.map(withoutRoot) }));
      assert.deepEqual(calls, observed.calls);
    });
  }
});

function checkStdout(recording: Recording, stdout: string): void {
  const variables = usageVariables(recording);
  if (variables === undefined) {
    assert.equal(stdout, recording.observed.stdout);
    return;
  }
  for (const word of [...variables, ...canaryActions])
    assert.ok(stdout.includes(word), `usage names ${word}`);
}

/** The tools as they stood in when the shell scripts were recorded: they log the call and print a line. */
async function recordedTools(root: string): Promise<StandInTools> {
  const tools = await standInTools({
    gcloud: 'echo "(unset)"',
    cargo: 'echo "stub cargo $*"; if [ "$1" = test ]; then exit "${FAIL_CARGO_TEST:-0}"; fi',
  });
  const webShell = join(root, 'apps/openagents.com/web-shell');
  for (const script of ['build-dist.sh', 'scripts/sw-policy-verify.sh', 'scripts/perf-budget-gate.sh']) {
    await tools.put(join(webShell, script), 'echo "stub ${0##*/} ran"');
  }
  return tools;
}
