import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { COMPILE_CACHE, type ScriptRun } from './run-script.ts';

export type HostRequest = {
  script: string;
  args: readonly string[];
  /** All of it. */
  env: Record<string, string>;
  /** This project's folder when there is none. */
  cwd?: string;
};

/**
 * Puts the clock of the script that runs forward by so many milliseconds, for limits that are minutes. `endsRequests`:
 * whatever request has a limit that ends meanwhile is given up.
 */
export type ClockJump = { clockJumpMs: number; endsRequests: boolean };

/** What a host says when it has put its clock forward. */
export type ClockJumped = { jumped: true };

/** Resolves when it is done. */
export type PutForward = (jump: ClockJump) => Promise<void>;

export type HostAnswer = ScriptRun;

export type ScriptHosts = {
  /** Runs a script in a host that is free, a new one if there is none. */
  run(request: HostRequest, onStart?: (putForward: PutForward) => void): Promise<ScriptRun>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Processes that run one script after another each; as many as there are runs at once. */
export function scriptHosts(): ScriptHosts {
  const all = new Set<ChildProcess>();
  const free: ChildProcess[] = [];
  const start = (): ChildProcess => {
    // Its own output is not a terminal's, which a script would draw on; what it says itself is the host's own failure.
    const host = fork(join(import.meta.dirname, 'script-host.ts'), {
      execArgv: [...COMPILE_CACHE],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    host.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    all.add(host);
    return host;
  };
  return {
    async run(request, onStart) {
      const host = free.pop() ?? start();
      keepAliveFor(host, true);
      // What waits for the other of the two is taken off the host, which runs hundreds of scripts.
      const over = new AbortController();
      const ended = once(host, 'exit', over).then(([code]) => {
        throw new Error(`the host of ${request.script} ended with ${code}`);
      });
      const answered = answerOf(host, over.signal);
      host.send(request);
      onStart?.(async (jump) => {
        // By then the host may run the next script.
        over.signal.throwIfAborted();
        const jumped = once(host, 'message', over);
        host.send(jump);
        await jumped;
      });
      try {
        const answer = await Promise.race([answered, ended]);
        keepAliveFor(host, false);
        free.push(host);
        return answer;
      } finally {
        ended.catch(() => {});
        over.abort();
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [...all].map(async (host) => {
          const gone = once(host, 'exit');
          host.disconnect();
          host.kill('SIGKILL');
          await gone;
        }),
      );
    },
  };
}

/** What a script's host says at its end. Listens all the time: news of a jump and the answer may come at once. */
function answerOf(host: ChildProcess, over: AbortSignal): Promise<HostAnswer> {
  return new Promise((resolve) => {
    const take = (message: HostAnswer | ClockJumped): void => {
      if (!('jumped' in message)) resolve(message);
    };
    host.on('message', take);
    over.addEventListener('abort', () => host.off('message', take));
  });
}

/** Whether this process waits for a host before it ends. One that has nothing to do ends when this process does. */
function keepAliveFor(host: ChildProcess, isBusy: boolean): void {
  const streams = [host, host.channel, host.stderr as Socket | null];
  for (const each of streams) isBusy ? each?.ref() : each?.unref();
}
