import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

// A tenth of a second of nothing but computing; what it got of a processor, and what that took by the clock.
const YARDSTICK = `
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let ms = 0;
  while (ms < 100) { const { user, system } = process.cpuUsage(before); ms = (user + system) / 1000; }
  console.log((performance.now() - startedAt) / ms);`;

/**
 * How many times longer everything takes now than on this machine when it is quiet: 1 when nothing else runs, about 3
 * with four busy programs on two processors. A limit in seconds is multiplied by it, so that a test of times does not
 * fail for what other programs do, and fails for what ours does.
 */
export async function slowdown(): Promise<number> {
  const { stdout } = await run(process.execPath, ['-e', YARDSTICK]);
  return Math.max(1, Number(stdout));
}

/**
 * The quickest of several attempts, as long as it would take on a quiet machine; stops at the first within the limit.
 */
export async function quickest(
  attempt: () => Promise<{ durationMs: number }>,
  { attempts, limitMs }: { attempts: number; limitMs: number },
): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < attempts && shortest > limitMs; i += 1) {
    const before = await slowdown();
    const { durationMs } = await attempt();
    shortest = Math.min(shortest, durationMs / Math.max(before, await slowdown()));
  }
  return shortest;
}
