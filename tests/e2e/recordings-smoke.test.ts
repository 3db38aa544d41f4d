import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runScript } from '../support/hosted-script.ts';
import { type RecordedExchange, recordedService } from '../support/recorded-service.ts';
import { recordingsOf } from '../support/recordings.ts';

// Ours differs on purpose in two things: a failure is exit code 1, where the shell script passed on curl's, and is
// always explained; and requests that do not depend on each other are in flight at once, so that what comes after a
// failing check may have been asked as well. What is never asked then is what mints something.
const ownExitCode = (recorded: number): number => Math.min(recorded, 1);
const byText = (exchanges: readonly RecordedExchange[]): string[] =>
  exchanges.map((each) => JSON.stringify(each)).sort();

describe('the recorded runs of the smoke scripts', () => {
  const recordings = recordingsOf('smoke-health', 'smoke-control');
  test('there are 12 of them', () => assert.equal(recordings.length, 12));

  for (const { id, script, args, env, scenario, observed } of recordings) {
    test(id, async () => {
      await using service = await recordedService(scenario ?? {});
      const withUrl = (text: string): string => text.replaceAll('<BASE>', service.url);
      const ownEnv = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, withUrl(value)]));
      const run = await runScript(script, args, { env: ownEnv });

      assert.equal(run.exitCode, ownExitCode(observed.exit), run.stderr);
      assert.equal(run.stdout, withUrl(observed.stdout));
      if (observed.exit === 0) assert.equal(run.stderr, '');
      else assert.match(run.stderr, /^error: \S/);

      const recorded = (observed.http ?? []) as RecordedExchange[];
      if (observed.exit === 0) assert.deepEqual(byText(service.seen), byText(recorded));
      for (const exchange of byText(recorded)) assert.ok(byText(service.seen).includes(exchange), exchange);
      if (observed.exit !== 0) assert.ok(service.seen.every(({ method }) => method !== 'POST'));
    });
  }
});
