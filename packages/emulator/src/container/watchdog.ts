import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Ends the programs that the emulator has started when the emulator itself cannot, because it was killed. */
export type Watchdog = {
  /** `group` is the id of a process group. */
  watch(group: number): void;
  forget(group: number): void;
  /** Lets the watchdog go. What it still watches is stopped. */
  close(): void;
};

// It reads `+group` and `-group`. Its input ends when the emulator has gone, in whatever way: then every group gets SIGTERM
// and, ten seconds later, SIGKILL.
const SCRIPT = `
groups=
while read -r line; do
  case $line in
    +*) groups="$groups \${line#+}" ;;
    -*) kept=; for each in $groups; do [ "$each" = "\${line#-}" ] || kept="$kept $each"; done; groups=$kept ;;
  esac
done
for each in $groups; do kill -s TERM -- "-$each" 2>/dev/null; done
left=100
while [ "$left" -gt 0 ]; do
  alive=
  for each in $groups; do kill -s 0 -- "-$each" 2>/dev/null && alive=1; done
  [ -n "$alive" ] || exit 0
  sleep 0.1
  left=$((left - 1))
done
for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done
`;

/** A watchdog that starts when there is something to watch. */
export function createWatchdog(): Watchdog {
  let input: Writable | undefined;
  const tell = (line: string): void => {
    input ??= start();
    input.write(`${line}\n`);
  };
  return {
    watch: (group) => tell(`+${group}`),
    forget: (group) => tell(`-${group}`),
    close: () => void input?.end(),
  };
}

function start(): Writable {
  // In a session of its own, so that a Ctrl-C on the terminal does not end it along with the emulator.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  // When it has been killed itself, programs are still stopped by the emulator.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  return shell.stdin;
}
