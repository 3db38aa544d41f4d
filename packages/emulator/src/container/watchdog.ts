import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** If the emulator is killed and cannot stop the programs that it started, the watchdog stops them. */
export type Watchdog = {
  /** `group` is the id of a process group. */
  watch(group: number): void;
  forget(group: number): void;
  /** Ends the watchdog, which stops everything that it still watches. */
  close(): void;
};

// The script reads lines `+group` and `-group`. Its input ends when the emulator ends, for any reason. Then every group
// that is left gets SIGTERM and, ten seconds later, SIGKILL.
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

/** Makes a watchdog. Its process starts when the first group is watched. */
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
  // `detached` gives the shell a session of its own, so that a Ctrl-C on the terminal does not end it along with the
  // emulator.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  // Ignore errors: without a watchdog, the emulator itself still stops the programs when it ends normally.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  return shell.stdin;
}
