import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot, runCommand } from '@deploy/cli';
import { parse } from 'yaml';
import { actionlint } from '../support/actionlint.ts';
import { without } from '../support/needs.ts';
import { blocksOf, readPage } from './markdown.ts';

type Step = { name?: string; run?: string; uses?: string; env?: Record<string, string>; if?: string };
type Job = { environment: string; env?: Record<string, string>; steps: Step[]; needs?: string };
type Workflow = {
  name: string;
  concurrency: { group: string; 'cancel-in-progress': boolean };
  env?: Record<string, string>;
  jobs: Record<string, Job>;
};

const blocks = blocksOf(await readPage('docs/github-actions.md'), 'yaml');
const workflows = blocks.map((block) => parse(block) as Workflow);
const [staging, production] = workflows;
assert.ok(staging && production);

async function lint(workflow: string): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'workflow-'));
  const file = join(folder.path, 'workflow.yml');
  await writeFile(file, workflow);
  const program = await actionlint();
  assert.ok(program);
  // Without programs that happen to be on this machine.
  const { stdout, stderr } = await runCommand([program, '-shellcheck=', '-pyflakes=', '-oneline', file]);
  return stdout + stderr;
}

describe('actionlint finds nothing in the workflows', { skip: await without('actionlint') }, () => {
  for (const [index, block] of blocks.entries()) {
    test(workflows[index]?.name ?? '', async () => assert.equal(await lint(block), ''));
  }

  test('and does look at them', async () => {
    const [block = ''] = blocks;
    assert.match(await lint(block.replace('${{ inputs.image }}', '${{ inputs.picture }}')), /picture/);
    assert.match(
      await lint(block.replace('workload_identity_provider:', 'workload_identity:')),
      /workload_identity/,
    );
  });
});

test('every script that a workflow runs is there, and every variable that it sets is one that a script reads', async () => {
  const variables = await readFile(join(projectRoot, 'docs/variables.md'), 'utf8');
  const known = new Set([...variables.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, name]) => name));
  for (const { jobs, env } of workflows) {
    const steps = Object.values(jobs).flatMap((job) => job.steps);
    const scripts = steps.flatMap(({ run = '' }) => run.match(/scripts\/[a-z-]+\.ts/g) ?? []);
    assert.ok(scripts.length >= 4);
    for (const script of scripts) assert.ok(existsSync(join(projectRoot, script)), script);
    const set = [env, ...Object.values(jobs).map((job) => job.env), ...steps.map((step) => step.env)];
    for (const name of set.flatMap((each) => Object.keys(each ?? {}))) assert.ok(known.has(name), name);
  }
});

test('a rollout waits for another of its service, and traffic in production for a person', () => {
  for (const { concurrency } of workflows) assert.equal(concurrency['cancel-in-progress'], false);
  assert.notEqual(staging.concurrency.group, production.concurrency.group);
  const { deploy, promote } = production.jobs;
  assert.equal(promote?.needs, 'deploy');
  assert.equal(promote?.environment, 'production');
  assert.ok(deploy?.steps.every(({ run = '' }) => !/set-traffic|promote/.test(run)));
});

test('whatever happens, the report is kept and shown', () => {
  for (const { jobs } of workflows) {
    const last = Object.values(jobs).at(-1)?.steps.slice(-2) ?? [];
    assert.deepEqual(
      last.map((step) => step.if),
      ['always()', 'always()'],
    );
    assert.match(last[0]?.run ?? '', /GITHUB_STEP_SUMMARY/);
    assert.match(last[1]?.uses ?? '', /^actions\/upload-artifact@/);
  }
});
