// The body of every turbo task here. Turbo starts it only when the result is in no cache. It is JavaScript and caches
// compiled code, because a TypeScript program would start half a second later.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// The exit code for a caller that wants cached verdicts only: EX_UNAVAILABLE of sysexits.h. Where there is a shell,
// `for-turbo/pnpm` has already given the same answer.
const NOT_CACHED = 69;

if (process.env.GATES_ONLY_REPLAY === '1') process.exitCode = NOT_CACHED;
else {
  enableCompileCache({
    directory: join(import.meta.dirname, '../../../node_modules/.cache/compiled'),
    portable: true,
  });
  const { runOrderedGate } = await import('../src/runner.ts');
  process.exitCode = await runOrderedGate(process.argv[2], process.env);
}
