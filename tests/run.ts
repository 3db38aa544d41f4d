// All tests, and then those that hold times, one by one. Ends with what this machine could not run, and how to get it.
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { projectRoot } from '@deploy/cli';
import { type SkippedTest, skippedLines } from './support/skipped.ts';

const PARTS = [
  { globPatterns: ['tests/**/*.test.ts'], concurrency: 4 },
  { globPatterns: ['tests/**/*.timing.ts'], concurrency: 1 },
];

// With these a hook, or a rebase that runs the tests, leads git to its own repository, wherever git is called.
for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];

const skipped: SkippedTest[] = [];
let hasFailed = false;
for (const part of PARTS) if (!hasFailed) await runPart(part);
process.stdout.write(`${skippedLines(skipped).join('\n')}\n`);
if (hasFailed) process.exitCode = 1;

async function runPart(part: (typeof PARTS)[number]): Promise<void> {
  let passed = 0;
  const events = run({ ...part, cwd: projectRoot });
  events.on('test:fail', () => {
    hasFailed = true;
  });
  events.on('test:pass', ({ name, file, skip }) => {
    if (skip === undefined || skip === false) passed += 1;
    else skipped.push({ name, file: relative(projectRoot, file ?? ''), why: String(skip) });
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
  // A pattern that finds nothing is no success.
  if (passed === 0) hasFailed = true;
}
