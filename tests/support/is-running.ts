import { existsSync, readFileSync } from 'node:fs';

/** Whether a process is doing anything. One that has ended may remain as a zombie until its parent notices. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
