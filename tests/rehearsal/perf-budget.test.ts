import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { sampleCheckout } from '@deploy/rehearsal/stage';

/** Loaded before a measurement. It makes the first reads seem to take 100 s, as if the machine had delayed them. */
const heldUp = (times: number): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { readFileSync } = fs;
  let left = ${times};
  let lateMs = 0;
  const now = performance.now.bind(performance);
  performance.now = () => now() + lateMs;
  fs.readFileSync = (path, ...more) => {
    if (String(path).startsWith('dist/') && left-- > 0)
      lateMs += 100_000;
    return readFileSync(path, ...more);
  };
  syncBuiltinESMExports();`;

test('the latency budget of the sample bears one read that the machine held up, and not many', async () => {
  await using checkout = await sampleCheckout();
  const cwd = join(checkout.root, 'apps/openagents.com/web-shell');
  assert.equal((await runCommand(['./build-dist.sh'], { cwd })).exitCode, 0);
  const measured = async (times: number) => {
    const preload = `--import=data:text/javascript,${encodeURIComponent(heldUp(times))}`;
    const budgets = { JS_BUDGET_BYTES: '20000', LATENCY_BUDGET_MS: '60000', LATENCY_SAMPLES: '20' };
    const { exitCode, stdout, stderr } = await runCommand(
      [process.execPath, preload, 'scripts/measure.mjs'],
      {
        cwd,
        env: { PATH: process.env.PATH ?? '', ...budgets },
      },
    );
    return { exitCode, output: `${stdout}${stderr}` };
  };
  const good = await measured(1);
  assert.equal(good.exitCode, 0, good.output);
  const bad = await measured(10);
  assert.equal(bad.exitCode, 1);
  assert.match(bad.output, /over budget/);
});
