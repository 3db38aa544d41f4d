import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pressCtrlC } from '../support/ctrl-c.ts';
import { isRunning } from '../support/is-running.ts';
import { type MatrixWorld, matrixWorld, startMatrix, statuses } from '../support/matrix.ts';

test('through a pipe a line appears as soon as its turn has come', async () => {
  await using world = await matrixWorld({ cargo: 'while [ ! -e "$HOME/go" ]; do sleep 0.05; done' });
  let child: ChildProcess | undefined;
  const run = world.run(
    { HOME: world.folder },
    {
      onStart: (started) => {
        child = started;
      },
    },
  );
  // The first four do not wait for cargo; the fifth does, and keeps all others back that may have ended.
  const stdout = await outputUntil(child, (text) => text.split('\n').length > 4);
  assert.match(stdout, /^(?:\[passed\] control-\S+ \(required\)\n){4}$/);
  await world.tools.put(join(world.folder, 'go'), '');
  assert.equal((await run).exitCode, 0);
});

const HANGING = 'echo "compiling"; sh -c "echo \\$\\$ > \\"$HOME/grandchild\\"; exec sleep 600"';

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal}: what has ended is written, the rest is skipped with the reason, and nothing runs on`, async () => {
    await using world = await matrixWorld({ cargo: HANGING });
    // One of those in this process hangs as well.
    world.cloud.on({ match: { path: /services\/runtime/ }, fault: { kind: 'stall', ms: 600_000 } });
    const { run, child } = startMatrix(world);
    await existing(join(world.folder, 'grandchild'));
    while (logsIn(world).length < 7) await pause(20);
    pressCtrlC(child, signal);
    const { exitCode, stdout, stderr } = await run;
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /^error: the matrix has not passed \(4 required checks skipped\)\n/);
    assert.equal(stdout.split('\n').length, 15);

    const results = world.results();
    assert.equal(results.overall, 'failed');
    const {
      'runtime-staging-smoke': building,
      'control-canary-status': canary,
      ...others
    } = statuses(results);
    assert.deepEqual([building, canary], ['skipped', 'passed']);
    assert.deepEqual(
      [others['runtime-migration-drift'], others['khala-contract-tests'], others['control-prod-smoke']],
      ['skipped', 'skipped', 'passed'],
    );
    assert.match(
      world.read('results.tsv'),
      new RegExp(`^khala-contract-tests\\t.*\\tinterrupted by ${signal}$`, 'm'),
    );
    assert.match(world.read('logs/runtime-staging-smoke.log'), /^compiling$/m);
    assert.ok(!isRunning(Number(readFileSync(join(world.folder, 'grandchild'), 'utf8'))));
  });
}

test('a run that is killed leaves whole files or none', async () => {
  await using world = await matrixWorld({ cargo: HANGING });
  const { run, child } = startMatrix(world);
  await existing(join(world.folder, 'grandchild'));
  await existing(join(world.folder, 'logs/control-prod-smoke.log'));
  child.kill('SIGKILL');
  await run;
  process.kill(Number(readFileSync(join(world.folder, 'grandchild'), 'utf8')), 'SIGKILL');
  const logs = logsIn(world);
  assert.ok(logs.length > 0);
  for (const name of logs) assert.match(world.read(`logs/${name}`), /\n(?:passed|failed|skipped): .+\n$/);
  for (const name of ['results.tsv', 'SUMMARY.md', 'results.json', 'junit.xml'])
    assert.ok(!existsSync(join(world.folder, name)), name);
});

test('the files of an earlier run are replaced as wholes: a reader never sees half of one', async () => {
  await using world = await matrixWorld();
  await world.run();
  // Held open, so that the file system does not give the number of the earlier file to the next one.
  const earlier = openSync(join(world.folder, 'results.tsv'), 'r');
  await world.run();
  assert.notEqual(statSync(join(world.folder, 'results.tsv')).ino, fstatSync(earlier).ino);
  closeSync(earlier);
  const left = readdirSync(world.folder, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    left.filter((name) => name.includes('.tmp')),
    [],
  );
});

/** Names of the logs that are in place. */
function logsIn(world: MatrixWorld): string[] {
  return readdirSync(join(world.folder, 'logs')).filter((name) => name.endsWith('.log'));
}

async function existing(path: string): Promise<void> {
  while (!existsSync(path) || statSync(path).size === 0) await pause(20);
}

async function outputUntil(
  child: ChildProcess | undefined,
  enough: (text: string) => boolean,
): Promise<string> {
  let text = '';
  assert.ok(child?.stdout);
  while (!enough(text)) {
    const [chunk] = await once(child.stdout, 'data');
    text += chunk;
  }
  return text;
}
