// All tests, and then those that hold times, one by one. Ends with what this machine could not run, and how to get it.
import { relative } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { runTestFiles } from './support/run-files.ts';
import { type SkippedTest, skippedLines } from './support/skipped.ts';

const PARTS = [
  { globPatterns: ['tests/**/*.test.ts'], concurrency: 4 },
  { globPatterns: ['tests/**/*.timing.ts'], concurrency: 1 },
];

// With these a hook, or a rebase that runs the tests, leads git to its own repository, wherever git is called.
for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];

const skipped: SkippedTest[] = [];
let hasFailed = false;
for (const part of PARTS) {
  if (hasFailed) break;
  hasFailed = !(await runTestFiles(part, ({ file = '', ...test }) => {
    skipped.push({ ...test, file: relative(projectRoot, file) });
  }));
}
process.stdout.write(`${skippedLines(skipped).join('\n')}\n`);
if (hasFailed) process.exitCode = 1;
