import type { ChildProcess } from 'node:child_process';

/** From a terminal a Ctrl-C comes more than once: pnpm and tsx pass it on. */
const PASSED_ON_AFTER_MS = [20, 60];
/** A script takes whatever comes more than 1 s later for another one. */
const LATEST_MS = 500;

/** One Ctrl-C, or another signal, as it comes from a terminal. Whatever this process is too late for is left out. */
export function pressCtrlC(child: ChildProcess, signal: NodeJS.Signals = 'SIGINT'): void {
  const pressedAt = performance.now();
  child.kill(signal);
  for (const afterMs of PASSED_ON_AFTER_MS) {
    setTimeout(() => {
      if (performance.now() - pressedAt < LATEST_MS) child.kill(signal);
    }, afterMs);
  }
}
