import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preflightWorld } from '../support/preflight-world.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { quickest } from '../support/slowdown.ts';
import { staging } from '../support/staging.ts';

const EACH_CALL_MS = 100;

test(`the preflight takes less than 2 s when every call takes ${EACH_CALL_MS} ms longer`, async (t) => {
  await using place = await preflightWorld(await staging(), runScriptProcess);
  const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, EACH_CALL_MS));
  place.cloud.on({ match: { path: /./ }, fault: { kind: 'first', act: slowly }, times: 10_000 });
  const attempt = async (): Promise<ScriptRun> => {
    const run = await place.run('preflight');
    assert.equal(run.exitCode, 0, run.stderr);
    return run;
  };
  const shortest = await quickest(attempt, { attempts: 8, limitMs: 2000 });
  t.diagnostic(`${shortest} ms, ${place.cloud.requests.length} calls`);
  assert.ok(shortest < 2000, `${shortest} ms`);
});
