import assert from 'node:assert/strict';
import type { Emulator } from '@deploy/emulator';
import { SERVICE } from '../support/cloud.ts';
import type { ScenarioRun } from './calls.ts';
import type { Scenario } from './scenarios.ts';

/**
 * How a run with a fault ended, as the table has it. Throws when it ended in a way that no run may: with a stack, with
 * more or less than one error, with traffic that does not add up or goes to a revision that is not ready, or with work
 * undone that it says is done.
 */
export function verdictOf(scenario: Scenario, run: ScenarioRun): string {
  requireSoundTraffic(run.cloud);
  if (run.exitCode === 0) {
    scenario.requireDone(run.cloud, run.before);
    return 'done';
  }
  assert.equal(run.exitCode, 1, run.stderr);
  const lines = run.stderr.trimEnd().split('\n');
  const errors = lines.filter((line) => line.startsWith('error: '));
  assert.equal(errors.length, 1, run.stderr);
  assert.doesNotMatch(run.stderr, /\n\s+at |this is a bug/);
  assert.ok(lines.indexOf(errors[0] ?? '') < lines.length - 1, `no word on what to do: ${run.stderr}`);
  if (run.cloud.service(SERVICE).generation === run.before.generation) return 'stops before';
  assert.match(
    errors[0] ?? '',
    /was changed|was made|is unknown|made no revision/,
    'does not say that there was a change',
  );
  return 'stops after';
}

/** Throws unless traffic adds up to 100 % and goes to ready revisions only. */
export function requireSoundTraffic(cloud: Emulator): void {
  const { trafficStatuses, latestReadyRevision } = cloud.service(SERVICE);
  const total = trafficStatuses.reduce((sum, { percent = 0 }) => sum + percent, 0);
  assert.equal(total, 100, JSON.stringify(trafficStatuses));
  const revisions = cloud.revisions(SERVICE);
  for (const { revision, percent } of trafficStatuses) {
    const name = revision ?? latestReadyRevision?.split('/').at(-1);
    const found = revisions.find((each) => each.name.endsWith(`/${name}`));
    const ready = found?.conditions.find(({ type }) => type === 'Ready');
    if (percent) assert.equal(ready?.state, 'CONDITION_SUCCEEDED', `${name} serves and is not ready`);
  }
}
