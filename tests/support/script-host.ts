/**
 * Runs scripts one after another in this process, as its parent asks: hundreds of runs that load the packages once.
 * Each gets its own arguments, its own environment and nothing else, and its own exit code and output. What has to do
 * with processes (signals, command lines, memory) is not for here.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '@deploy/cli';
import type { ClockJump, ClockJumped, HostAnswer, HostRequest } from './script-hosts.ts';

/** Both clocks, so that a jump moves whatever a script goes by. */
const realNow = Date.now;
const realMonotonicNow = performance.now.bind(performance);

/** The limits that requests of the script have, and when they end. */
const limits = new Map<AbortController, number>();
AbortSignal.timeout = (ms) => {
  const limit = new AbortController();
  limits.set(limit, realMonotonicNow() + ms);
  setTimeout(() => end(limit), ms).unref();
  return limit.signal;
};

function end(limit: AbortController): void {
  limits.delete(limit);
  limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
}

const written = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const done = rest.find((each) => typeof each === 'function');
    if (done !== undefined) queueMicrotask(() => done());
    return true;
  };
}

// A script that is done ends its process when something still keeps it open. This one goes on with the next script.
const exit = process.exit.bind(process);
process.exit = (() => {}) as typeof process.exit;
// Nobody asks any more.
process.on('disconnect', () => exit());

let runs = 0;

async function run({ script, args, env, cwd = projectRoot }: HostRequest): Promise<HostAnswer> {
  written.stdout = '';
  written.stderr = '';
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const file = join(projectRoot, 'scripts', `${script}.ts`);
  process.argv = [process.execPath, file, ...args];
  process.exitCode = undefined;
  // A jump that came too late for the last script is not for this one.
  resetClocks();
  const startedAt = realNow();
  runs += 1;
  // A script runs when it is loaded, and is loaded once for each URL.
  await import(`${pathToFileURL(file).href}?run=${runs}`);
  resetClocks();
  for (const name of ['stdout', 'stderr'] as const) process[name].removeAllListeners('error');
  const exitCode = Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { ...written, exitCode, durationMs: realNow() - startedAt };
}

function resetClocks(): void {
  limits.clear();
  Date.now = realNow;
  performance.now = realMonotonicNow;
}

function putForward({ clockJumpMs, endsRequests }: ClockJump): void {
  Date.now = () => realNow() + clockJumpMs;
  performance.now = () => realMonotonicNow() + clockJumpMs;
  if (!endsRequests) return;
  for (const [limit, endsAt] of limits) if (endsAt <= performance.now()) end(limit);
}

process.on('message', (request: HostRequest | ClockJump) => {
  if ('clockJumpMs' in request) {
    // Answers that have arrived are read before the clock jumps, and requests that it ends are closed before the reply.
    setImmediate(() => {
      putForward(request);
      setImmediate(() => process.send?.({ jumped: true } satisfies ClockJumped));
    });
    return;
  }
  run(request).then(
    (answer) => process.send?.(answer),
    (error: Error) => process.send?.({ ...written, exitCode: 1, stderr: `${error.stack}`, durationMs: 0 }),
  );
});
