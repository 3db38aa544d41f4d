import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isRunning } from '../support/is-running.ts';
import { type MatrixWorld, matrixWorld, startMatrix, statuses } from '../support/matrix.ts';

const HARNESS = 'cross-surface-contract-harness';
const SCRIPT = 'scripts/run-cross-surface-contract-harness.sh';

type Way = {
  name: string;
  /** What the harness does; `$RESULTS` is the folder of the results. */
  does: string;
  status: 'passed' | 'failed';
  log: RegExp;
  prepare?(world: MatrixWorld): void;
};

const ways: readonly Way[] = [
  {
    name: 'leaves something running that holds its output open',
    does: 'echo done; sleep 600 &',
    status: 'passed',
    log: /^done\n.*left running held its output open, and was killed$/m,
  },
  {
    name: 'leaves something running that goes on writing',
    does: 'yes still here &',
    status: 'passed',
    log: /left running held its output open, and was killed$/m,
  },
  {
    name: 'leaves something running in another group',
    does: 'setsid sleep 30 & echo done',
    status: 'passed',
    log: /left running held its output open/m,
  },
  {
    name: 'prints over 512 MiB in lines',
    does: 'echo first; yes "$(printf %01000d 0)" | head -c 600000000; echo; echo last; exit 3',
    status: 'failed',
    log: /^first\n0+\n(?:.*\n)*… \d+ lines and more \(\d+\.\d MiB\) left out here …\n(?:.*\n)*last\n/m,
  },
  {
    name: 'prints over 512 MiB in one line',
    does: 'head -c 600000000 /dev/zero | tr "\\0" x; exit 3',
    status: 'failed',
    log: /^x{65536}… \(599934464 more characters of this line left out\)$/m,
  },
  {
    name: 'prints bytes that are no text, and commands for a terminal',
    does: 'head -c 100000 /dev/urandom; printf "\\033[2J\\033]0;title\\007\\377\\n"; echo last',
    status: 'passed',
    log: /^last$/m,
  },
  { name: 'kills itself', does: 'kill -9 $$', status: 'failed', log: /was killed by SIGKILL$/m },
  {
    name: 'closes its output long before it ends',
    does: 'echo begun; exec >&- 2>&-; sleep 1; exit 4',
    status: 'failed',
    log: /^begun\n(?:.*\n)*.*ended with exit code 4$/m,
  },
  {
    name: 'removes the folder of the results',
    // All others are written by then: while they are, not everything could be removed.
    does: 'until [ "$(ls "$RESULTS/logs" | grep -c "[.]log$")" -eq 11 ]; do sleep 0.05; done; rm -rf "$RESULTS"',
    status: 'passed',
    log: /ended with exit code 0$/m,
  },
  {
    name: 'is not executable',
    does: '',
    prepare: ({ checkout }) => chmodSync(join(checkout.root, SCRIPT), 0o644),
    status: 'failed',
    log: /is not executable$/m,
  },
  {
    name: 'is not there',
    does: '',
    prepare: ({ checkout }) => rmSync(join(checkout.root, SCRIPT)),
    status: 'failed',
    log: /is missing$/m,
  },
  {
    name: 'writes results of its own where OUTPUT_DIR says',
    does: 'echo "mine go to ${OUTPUT_DIR:-a place of their own}"',
    status: 'passed',
    log: /^mine go to a place of their own$/m,
  },
];

describe('a lane misbehaves, and there are results, a summary and logs all the same', {
  concurrency: 2,
}, () => {
  for (const { name, does, status, log, prepare } of ways) {
    test(name, async () => {
      await using world = await matrixWorld();
      await world.tools.put(join(world.checkout.root, SCRIPT), does);
      prepare?.(world);
      const run = await world.run({ MATRIX_ONLY: `control-prod-health,${HARNESS}`, RESULTS: world.folder });
      assert.equal(run.exitCode, status === 'passed' ? 0 : 1, run.stderr);
      assert.match(run.stdout, new RegExp(`^\\[${status}\\] ${HARNESS} \\(optional\\)$`, 'm'));
      const { [HARNESS]: harness, 'control-prod-health': health } = statuses(world.results());
      assert.deepEqual([harness, health], [status, 'passed']);
      assert.match(world.read('SUMMARY.md'), /^# Rust/);
      assert.match(world.read('results.tsv'), new RegExp(`^${HARNESS}\\t`, 'm'));
      assert.equal(readdirSync(join(world.folder, 'logs')).length, 12);
      assert.ok(world.read(`logs/${HARNESS}.log`).length < 16 * 1024 * 1024);
      assert.ok(log.test(world.read(`logs/${HARNESS}.log`)), world.read(`logs/${HARNESS}.log`).slice(-1000));
    });
  }
});

describe('an interruption', () => {
  // Both ignore the first signal; the second has a child that ignores it as well.
  const stubborn = 'trap "" TERM INT; echo $$ > "$HOME/pid"; while :; do sleep 600; done';

  test('of a lane that does not want to end still gives results and a summary', async () => {
    await using world = await matrixWorld({ cargo: stubborn });
    const { run, child } = startMatrix(world);
    const pid = await pidIn(world);
    child.kill('SIGTERM');
    const { exitCode, stderr } = await run;
    assert.equal(exitCode, 1);
    assert.match(stderr, /^error: the matrix has not passed/m);
    assert.equal(statuses(world.results())['runtime-staging-smoke'], 'skipped');
    assert.match(world.read('SUMMARY.md'), /interrupted by SIGTERM/);
    assert.ok(!isRunning(pid));
  });

  test('a second signal kills the lane, and results and summary are written', async () => {
    await using world = await matrixWorld({ cargo: stubborn });
    // Without it, the lane would be killed after three seconds by the first signal alone.
    const patience = import.meta.resolve('../support/preload/endless-patience.ts');
    const { run, child } = startMatrix(world, { NODE_OPTIONS: `--import=${patience}` });
    const pid = await pidIn(world);
    // What comes within a second is the same Ctrl-C, passed on: it does no harm to come more often. One that comes a
    // second after the lane was killed would end the matrix, so there is none once the lane is gone.
    while (isRunning(pid) && child.signalCode === null) {
      child.kill('SIGINT');
      await pause(100);
    }
    const { exitCode } = await run;
    assert.equal(exitCode, 1);
    assert.equal(statuses(world.results())['runtime-staging-smoke'], 'skipped');
    assert.ok(existsSync(join(world.folder, 'SUMMARY.md')));
    assert.ok(!isRunning(pid));
  });

  test('while the results of a lane cannot come, since what it left running holds its output', async () => {
    await using world = await matrixWorld({ cargo: 'sleep 600 & echo $! > "$HOME/pid"; sleep 600' });
    const { run, child } = startMatrix(world);
    const pid = await pidIn(world);
    child.kill('SIGTERM');
    assert.equal((await run).exitCode, 1);
    assert.equal(world.results().overall, 'failed');
    while (isRunning(pid)) await pause(10);
  });
});

test('two matrices in one second get two folders', async () => {
  await using world = await matrixWorld();
  const reports = join(world.checkout.root, 'docs/reports/rust-cutover-validation');
  const runs = await Promise.all(
    Array.from({ length: 4 }, () =>
      world.run({ OUTPUT_DIR: undefined, MATRIX_ONLY: 'control-error-log-probe' }),
    ),
  );
  for (const { exitCode, stderr } of runs) assert.equal(exitCode, 0, stderr);
  const folders = readdirSync(reports);
  assert.equal(folders.length, 4);
  for (const name of folders) {
    assert.match(name, /^\d{8}T\d{6}Z(?:-[2-4])?$/);
    assert.ok(existsSync(join(reports, name, 'SUMMARY.md')));
  }
});

test('a log that cannot be written costs no verdict', async () => {
  await using world = await matrixWorld();
  await world.tools.put(
    join(world.checkout.root, SCRIPT),
    'mkdir -p "$RESULTS/logs/cross-surface-contract-harness.log"',
  );
  const run = await world.run({ MATRIX_ONLY: `control-prod-health,${HARNESS}`, RESULTS: world.folder });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /^error: .*cross-surface-contract-harness\.log cannot be written/m);
  assert.match(run.stdout, /^\[passed\] cross-surface-contract-harness \(optional\)$/m);
  assert.equal(statuses(world.results())[HARNESS], 'passed');
});

async function pidIn(world: MatrixWorld): Promise<number> {
  const path = join(world.folder, 'pid');
  while (!existsSync(path) || statSync(path).size === 0) await pause(20);
  return Number(readFileSync(path, 'utf8'));
}
