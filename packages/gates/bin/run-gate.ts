// The body of every turbo task here. Turbo starts it only when the result is in no cache.
import { NOT_CACHED } from '../src/exit-codes.ts';

// A caller that only wants cached verdicts need not wait for the runner to load.
if (process.env.GATES_ONLY_REPLAY === '1') process.exitCode = NOT_CACHED;
else {
  const { runOrderedGate } = await import('../src/runner.ts');
  process.exitCode = await runOrderedGate(process.argv[2], process.env);
}
