import { hostname } from 'node:os';
import type { ThisMachine } from '@deploy/canary';

/** This machine, which is asked whether the process that runs a promotion still exists. */
export function thisMachine(): ThisMachine {
  return {
    host: hostname(),
    isRunning(pid) {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
  };
}
