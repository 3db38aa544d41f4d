// Every turbo task of this package runs this program, which turbo starts only when no cache has the task's result. It
// is JavaScript and caches compiled code, because a TypeScript program would start half a second later.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// EX_UNAVAILABLE of sysexits.h: the exit code of a gate that must not run because only cached verdicts are wanted.
// Where there is a shell, `for-turbo/pnpm` exits with the same code before this program is started.
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
