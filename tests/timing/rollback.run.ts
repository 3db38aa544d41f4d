import { parseArgs } from 'node:util';
import { slowdown } from '../support/slowdown.ts';
import { measureRollback, type RollbackTimes } from './rollback.ts';

// How long people get bad answers: `pnpm measure:rollback [--per-minute 1000] [--history 15] [--steps 5,25,50,100]
// [--delays 2,10] [--runs 20] [--lanes 4]`. At real speed and with the defaults of `promote`, a candidate breaks at
// another second of the minute in each run. Exit code 1 when what is promised is missed: 45 s to all traffic back on
// stable where logs arrive within 10 s. On a busy machine one process gets too little of it for several lanes: there,
// start it a few times with --lanes 1 and fewer runs.

const MOST_SECONDS = 45;
/** From here on the machine is too busy for its times to mean anything. */
const BUSY = 1.5;

const { values } = parseArgs({
  options: {
    'per-minute': { type: 'string', default: '1000' },
    history: { type: 'string', default: '15' },
    steps: { type: 'string', default: '5,25,50,100' },
    delays: { type: 'string', default: '2,10' },
    runs: { type: 'string', default: '20' },
    lanes: { type: 'string', default: '4' },
  },
});
const given = {
  perMinute: Number(values['per-minute']),
  historyMinutes: Number(values.history),
  steps: values.steps,
};

const DELAYS_SECONDS = values.delays.split(',').map(Number);
const RUNS = Number(values.runs);
const LANES = Number(values.lanes);

/**
 * The seconds of the minute that are left to a delay; a run takes the one that comes next, so that it need not wait for
 * long.
 */
const secondsLeft = new Map(
  DELAYS_SECONDS.map((delay) => [delay, Array.from({ length: RUNS }, (_, i) => (i * 60) / RUNS)]),
);
const times = new Map<number, RollbackTimes[]>(DELAYS_SECONDS.map((delay) => [delay, []]));
const work = DELAYS_SECONDS.flatMap((delay) => Array.from({ length: RUNS }, () => delay));
const before = await slowdown();
await Promise.all(
  Array.from({ length: LANES }, async () => {
    for (let delay = work.shift(); delay !== undefined; delay = work.shift()) {
      const seconds = secondsLeft.get(delay) ?? [];
      const took = await measureRollback({
        ...given,
        logDelaySeconds: delay,
        takeSecond: () => takeNext(seconds),
      });
      times.get(delay)?.push(took);
      process.stdout.write(`logs ${delay} s late: ${took.trace}\n`);
    }
  }),
);
const machine = Math.max(before, await slowdown());

let isMissed = false;
for (const [delay, all] of times) {
  const [first, deciding] = (['fromFirst', 'fromDeciding'] as const).map((name) =>
    spread(all.map((each) => each[name])),
  );
  process.stdout.write(
    `logs ${delay} s late, ${all.length} runs: all traffic back ${first?.text} after the first bad answer, ${deciding?.text} after the one that decides\n`,
  );
  if ((first?.worst ?? 0) > MOST_SECONDS) isMissed = true;
}
process.stdout.write(`The machine was ${machine.toFixed(1)} times slower than when it is quiet.\n`);
if (isMissed && machine > BUSY)
  process.stdout.write(`${MOST_SECONDS} s were missed, on a machine too busy to tell.\n`);
else if (isMissed) process.exitCode = 1;

function takeNext(seconds: number[]): number {
  const now = (Date.now() % 60_000) / 1000;
  const waits = seconds.map((second) => (second - now + 60) % 60);
  const [taken = 0] = seconds.splice(waits.indexOf(Math.min(...waits)), 1);
  return taken;
}

function spread(seconds: readonly number[]): { worst: number; text: string } {
  const sorted = seconds.toSorted((a, b) => a - b);
  const middle = ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
  const worst = sorted.at(-1) ?? 0;
  return { worst, text: `${middle.toFixed(1)} s in the median and ${worst.toFixed(1)} s at worst` };
}
