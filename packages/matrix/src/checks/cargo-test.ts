import type { CheckWork } from '../check.ts';
import { type Command, commandWork } from './command.ts';

/**
 * Runs `cargo test` and reports how many tests ran. Cargo succeeds even when no test matches the filter: then the check
 * passes, but its conclusion says that no test ran.
 */
export function cargoTestWork(command: Command): CheckWork {
  const work = commandWork(command);
  return async (log, signal) => {
    // Lines are counted, not collected, so that memory does not grow with the output.
    let programs = 0;
    let testsRun = 0;
    const counting = {
      ...log,
      line(text: string) {
        // Each test program prints one such line: https://doc.rust-lang.org/cargo/commands/cargo-test.html
        const [, count] = /^running (\d+) tests?$/.exec(text) ?? [];
        if (count !== undefined) {
          programs += 1;
          testsRun += Number(count);
        }
        log.line(text);
      },
    };
    const verdict = await work(counting, signal);
    // No test program started: the build failed, or the program was not cargo.
    if (programs === 0) return verdict;
    const tests =
      testsRun === 0
        ? 'NO TEST was run: the filter matches none'
        : `${testsRun} test${testsRun === 1 ? '' : 's'} run`;
    return { ...verdict, conclusion: `${verdict.conclusion}; ${tests}`, figures: { testsRun } };
  };
}
