import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canaryActions } from '@deploy/cloudrun';
import { type SampleCheckout, sampleCheckout } from '@deploy/rehearsal/stage';
import { runScript } from '../support/hosted-script.ts';
import { type Recording, recordingsOf, usageVariables } from '../support/recordings.ts';
import { type StandInTools, standInTools, type ToolCall } from '../support/stand-in-tools.ts';
import { UNUSED_ADDRESS } from '../support/unused-address.ts';

// Where ours differs from the recorded shell script, on purpose: a failed gate is explained on stderr, a short token
// gets a warning there, and a dry run looks nothing up in the cloud.
const SAYS_MORE = new Map([
  ['deploy-gate1-fails', /^error: cargo-test failed with exit code 101$/m],
  ['maint-enable-dry-token', /^warning: MAINTENANCE_BYPASS_TOKEN is only 12 characters long/],
]);
// All runs of gates in this project use turbo one after another, and other tests run gates at the same time.
const WAITS = /^(?:\S+: )?waiting for another run of gates in this project\n/gm;
const isLookUp = ({ tool, args }: ToolCall): boolean => tool === 'gcloud' && args[0] === 'secrets';

describe('the recorded runs of canary-rollout, deploy-staging and maintenance-mode', () => {
  let checkout: SampleCheckout;
  before(async () => {
    checkout = await sampleCheckout();
  });
  after(() => checkout[Symbol.asyncDispose]());

  const recordings = recordingsOf('canary-rollout', 'deploy-staging', 'maintenance-mode');
  test('there are some of each', () => {
    const count = (script: string): number => recordings.filter((each) => each.script === script).length;
    assert.deepEqual(
      [count('canary-rollout'), count('deploy-staging'), count('maintenance-mode')],
      [8, 5, 5],
    );
  });

  for (const recording of recordings) {
    test(recording.id, async () => {
      await using tools = await recordedTools(checkout.root);
      const run = await runScript(recording.script, recording.args, {
        env: { ...UNUSED_ADDRESS, ...recording.env, OPENAGENTS_REPO_ROOT: checkout.root },
        pathFirst: [tools.folder],
      });
      const { observed } = recording;
      const withoutRoot = (text: string): string => text.replaceAll(checkout.root, '<REPO>');
      assert.equal(run.exitCode, observed.exit, run.stderr);
      checkStdout(recording, withoutRoot(run.stdout));
      const more = observed.stderr === '' ? SAYS_MORE.get(recording.id) : /^error: \S.*$/m;
      if (more === undefined) assert.equal(run.stderr.replace(WAITS, ''), '');
      else assert.match(run.stderr, more);
      const calls = (await tools.calls())
        // Cached verdicts rest on what cargo says about the workspace; the shell scripts cached nothing.
        .filter(({ tool, args }) => !(tool === 'cargo' && args[0] === 'metadata'))
        .map(({ tool, args }) => ({ tool, args: args.map(withoutRoot) }));
      assert.deepEqual(
        calls,
        observed.calls?.filter((call) => !isLookUp(call)),
      );
    });
  }
});

function checkStdout(recording: Recording, stdout: string): void {
  const variables = usageVariables(recording);
  if (variables === undefined) {
    assert.equal(stdout, recording.observed.stdout);
    return;
  }
  const actions = recording.script === 'canary-rollout' ? canaryActions : ['status', 'enable', 'disable'];
  for (const word of [...variables, ...actions]) assert.ok(stdout.includes(word), `usage names ${word}`);
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
