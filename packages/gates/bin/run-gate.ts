// The body of every turbo task here. Turbo starts it only for what is in no cache.
import { NOT_CACHED } from '../src/exit-codes.ts';

// Whoever only asks for verdicts that are cached need not wait until the rest has been loaded.
if (process.env.GATES_ONLY_REPLAY === '1') process.exitCode = NOT_CACHED;
else {
  const { runOrderedGate } = await import('../src/runner.ts');
  process.exitCode = await runOrderedGate(process.argv[2], process.env);
}
