import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { projectRoot } from '@deploy/cli';

type Files = Pick<
  NonNullable<Parameters<typeof run>[0]>,
  'files' | 'globPatterns' | 'concurrency' | 'execArgv'
>;

/** Runs test files, each in a process of its own, and prints what they show. Returns whether all went well. */
export async function runTestFiles(
  files: Files,
  onSkipped: (test: { name: string; file?: string | undefined; why: string }) => void = () => {},
): Promise<boolean> {
  let hasFailed = false;
  let passed = 0;
  const events = run({ ...files, cwd: projectRoot });
  events.on('test:fail', () => {
    hasFailed = true;
  });
  events.on('test:pass', ({ name, file, skip }) => {
    if (skip === undefined || skip === false) passed += 1;
    else onSkipped({ name, file, why: String(skip) });
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
  // A pattern that finds nothing is no success.
  return !hasFailed && passed > 0;
}
