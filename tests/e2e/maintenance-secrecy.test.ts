import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cloudEnv, cloudWith } from '../support/cloud.ts';
import { runScriptProcess } from '../support/run-script.ts';

const TOKEN = 'sesame-0123456789abcdef';

test('the bypass token is in no output, no file, and on no command line of the script or its children', async (t) => {
  await using cloud = await cloudWith();
  const folder = await mkdtemp(join(tmpdir(), 'secrecy-'));
  t.after(() => rm(folder, { recursive: true }));
  const commandLines = new Set<string>();
  let watch: NodeJS.Timeout | undefined;
  const run = await runScriptProcess('maintenance-mode', ['enable'], {
    cwd: folder,
    env: { ...cloudEnv(cloud), HOME: folder, TMPDIR: folder, MAINTENANCE_BYPASS_TOKEN: TOKEN },
    onStart({ pid }) {
      watch = setInterval(() => {
        for (const each of familyOf(pid ?? 0)) commandLines.add(commandLineOf(each));
      }, 5);
    },
  });
  clearInterval(watch);
  assert.equal(run.exitCode, 0, run.stderr);
  assert.ok(
    [...commandLines].some((line) => line.includes('maintenance-mode.ts')),
    'the script itself was watched',
  );
  assert.ok(![...commandLines].some((line) => line.includes(TOKEN)));
  assert.ok(!`${run.stdout}${run.stderr}`.includes(TOKEN));
  for (const file of filesIn(folder)) assert.ok(!readFileSync(file, 'latin1').includes(TOKEN), file);
});

/** A process and all that it has started, as /proc tells. */
function familyOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
  } catch {
    return [];
  }
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
