import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { readTree } from '@deploy/gates/inputs';

const PART = 256 * 1024;

async function folder(): Promise<AsyncDisposable & { root: string }> {
  const root = await mkdtemp(join(tmpdir(), 'tree-'));
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

function statesIn(root: string): Record<string, string> {
  const { entries } = readTree(root, '.', { isOutput: () => false, withLeftovers: false });
  return Object.fromEntries([...entries].map(([path, { state }]) => [path, state]));
}

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

describe('the state of a file is the hash of all that it holds', () => {
  for (const size of [0, 1, PART - 1, PART, PART + 1, 3 * PART]) {
    test(`of ${size} bytes`, async () => {
      await using at = await folder();
      const content = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) % 251));
      await writeFile(join(at.root, 'x'), content);
      assert.deepEqual(statesIn(at.root), { x: `file ${sha256(content)}` });
    });
  }
});

test('each kind of thing in a folder has a state of its own, and a pipe is not waited for', async () => {
  await using at = await folder();
  const text = Buffer.from('text\n');
  await mkdir(join(at.root, 'in/side'), { recursive: true });
  await writeFile(join(at.root, 'in/side/plain'), text);
  await writeFile(join(at.root, 'run'), text);
  await chmod(join(at.root, 'run'), 0o755);
  await symlink('in/side/plain', join(at.root, 'link'));
  await symlink('nowhere', join(at.root, 'lost'));
  await runCommand(['mkfifo', join(at.root, 'pipe')]);
  assert.deepEqual(statesIn(at.root), {
    'in/side/plain': `file ${sha256(text)}`,
    link: `link in/side/plain file ${sha256(text)}`,
    lost: 'link nowhere missing',
    pipe: 'special',
    run: `executable ${sha256(text)}`,
  });
});
