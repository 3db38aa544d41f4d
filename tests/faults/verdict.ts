import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Emulator } from '@deploy/emulator';
import { readReport } from '@deploy/report';
import { SERVICE, serving } from '../support/cloud.ts';
import type { ScenarioRun } from './calls.ts';
import { type Scenario, servedShares } from './scenarios.ts';

/**
 * How a run with a fault ended, as the table has it. Throws when it ended in a way that no run may: with a stack, with
 * more or less than one error, with traffic that does not add up or goes to a revision that is not ready, or with work
 * undone that it says is done.
 */
export async function verdictOf(scenario: Scenario, run: ScenarioRun): Promise<string> {
  requireSoundTraffic(run.cloud);
  if (scenario.hasReport || scenario.opensReport) await requireReported(run);
  if (run.exitCode === 0) {
    const [failed, ...others] = failedChecks(run);
    if (failed !== undefined) {
      assert.equal(others.length, 0, `one fault fails ${run.stdout}`);
      await requireReason(run, failed);
      return 'check fails';
    }
    if (scenario.walks !== undefined && NOT_CLEARED_UP.test(run.stderr)) {
      assert.deepEqual(servedShares(run.cloud), [`${run.before.revisions[1]}=100`]);
      return 'done in part';
    }
    scenario.requireDone(run.cloud, run.before);
    return scenario.looks && COULD_NOT_LOOK.test(run.stdout + run.stderr) ? 'done in part' : 'done';
  }
  if (scenario.judges && run.stdout !== '') {
    const { verdict, reason } = JSON.parse(run.stdout);
    assert.deepEqual([run.exitCode, verdict, run.stderr], [3, 'inconclusive', '']);
    assert.match(reason, /cannot tell what the candidate did: reading the (?:logs|metrics) of /);
    return 'inconclusive';
  }
  if (scenario.walks !== undefined && / was rolled back at /.test(run.stderr)) {
    requireOneError(run);
    requireTakenBack(scenario, run);
    if (scenario.walks === 'promoted') return 'rolls back';
    scenario.requireDone(run.cloud, run.before);
    return 'done';
  }
  const exitCodes = scenario.judges ? [2, 3] : [1];
  assert.ok(exitCodes.includes(run.exitCode ?? 0), `exits ${run.exitCode}: ${run.stderr}`);
  const error = requireOneError(run);
  if (scenario.walks !== undefined && wasLeftAlone(run)) return 'stops before';
  if (run.cloud.service(SERVICE).generation === run.before.generation) return 'stops before';
  assert.match(
    error,
    /was changed|was made|is unknown|made no revision|is not ready|did not shift|has not settled|the traffic could not be moved/,
    'does not say that there was a change',
  );
  return 'stops after';
}

/** The one error of a run, which is followed by a word on what to do. */
function requireOneError({ stderr }: ScenarioRun): string {
  const lines = stderr.trimEnd().split('\n');
  const [error = '', ...more] = lines.filter((line) => line.startsWith('error: '));
  assert.ok(error !== '' && more.length === 0, stderr);
  assert.doesNotMatch(stderr, /\n\s+at |this is a bug/);
  assert.ok(lines.indexOf(error) < lines.length - 1, `no word on what to do: ${stderr}`);
  return error;
}

/** Throws unless stable has all the traffic, and the candidate is remembered as failed. */
function requireTakenBack({ walks }: Scenario, { cloud, before, stderr }: ScenarioRun): void {
  const [stable, canary = ''] = before.revisions;
  assert.deepEqual(servedShares(cloud), [`${stable}=100`]);
  const isItsFault = !/^This says nothing about the candidate/m.test(stderr);
  if (walks === 'rolled back') assert.ok(isItsFault);
  const remembered = cloud.service(SERVICE).annotations?.['openagents.com/canary-failed'] ?? '';
  assert.equal(remembered.includes(canary), isItsFault);
}

/** Whether a promotion that stopped has left nothing behind: no traffic moved, no tag, nothing remembered. */
function wasLeftAlone({ cloud, before }: ScenarioRun): boolean {
  const { annotations = {} } = cloud.service(SERVICE);
  return serving(cloud).join() === before.serving.join() && Object.keys(annotations).length === 0;
}

// As `promote` says it at its end.
const NOT_CLEARED_UP = /^warning: the notes about this promotion stay on the service: /m;

// As findings of the preflight that are no errors say it.
const COULD_NOT_LOOK =
  /cannot tell|could not be read|could not be looked at|unknown account|\[warning\] domain mapping/;

/** The checks that a matrix shows as failed. */
function failedChecks({ stdout }: ScenarioRun): string[] {
  return [...stdout.matchAll(/^\[failed\] (\S+)/gm)].map(([, id = '']) => id);
}

/** Throws unless the log of a failed check says in one line what went wrong. */
async function requireReason({ checkout }: ScenarioRun, check: string): Promise<void> {
  const log = await readFile(join(checkout, 'matrix/logs', `${check}.log`), 'utf8');
  assert.equal(log.match(/^error: .+$/gm)?.length, 1, log);
  assert.doesNotMatch(log, /\n\s+at |this is a bug/);
}

/** Throws unless the report's last step says how the run ended, and why. */
async function requireReported({ checkout, exitCode, stderr }: ScenarioRun): Promise<void> {
  const folder = join(checkout, 'apps/openagents.com/service/docs/reports');
  if (/^error: preflight /m.test(stderr)) {
    const reports = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.md'));
    assert.deepEqual(reports, [], 'a deployment that the preconditions refuse has no report');
    return;
  }
  const [name, ...others] = (await readdir(folder)).filter((each) => each.endsWith('.md'));
  assert.ok(name !== undefined && others.length === 0, `one report, not ${others.length}`);
  const { steps } = (await readReport(join(folder, name))).record;
  const last = steps.at(-1);
  assert.equal(last?.state, exitCode === 0 ? 'done' : 'failed', JSON.stringify(steps));
  if (exitCode === 0) return;
  assert.ok(last?.detail && stderr.includes(last.detail.slice(0, 60)), `${last?.detail} is not in ${stderr}`);
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
