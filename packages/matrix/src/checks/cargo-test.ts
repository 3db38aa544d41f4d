import type { CheckWork } from '../check.ts';
import { type Command, commandWork } from './command.ts';

/**
 * Runs `cargo test`. Cargo is content with a filter that no test's name matches, so how many tests were run is counted
 * and said, and that there were none said plainly; the verdict is cargo's.
 */
export function cargoTestWork(command: Command): CheckWork {
  const work = commandWork(command);
  return async (log, signal) => {
    // Programs, and tests in them: nothing grows with what is printed.
    let programs = 0;
    let testsRun = 0;
    const counting = {
      ...log,
      line(text: string) {
        // One line for each test program: https://doc.rust-lang.org/cargo/commands/cargo-test.html
        const [, count] = /^running (\d+) tests?$/.exec(text) ?? [];
        if (count !== undefined) {
          programs += 1;
          testsRun += Number(count);
        }
        log.line(text);
      },
    };
    const verdict = await work(counting, signal);
    // A program that could not be built or was not cargo announces nothing.
    if (programs === 0) return verdict;
    const tests =
      testsRun === 0
        ? 'NO TEST was run: the filter matches none'
        : `${testsRun} test${testsRun === 1 ? '' : 's'} run`;
    return { ...verdict, conclusion: `${verdict.conclusion}; ${tests}`, figures: { testsRun } };
  };
}
