import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Emulator, Trigger } from '@deploy/emulator';
import { revisionNames, serving } from '../support/cloud.ts';
import { LOOK, pinnedCloud, WRITE } from '../support/colleague.ts';

const PROGRAM = join(import.meta.dirname, '../support/shift-program.ts');
const LOOK_COMMAND = /gcloud run services describe control --project openagentsgemini .*--format 'yaml/;

/** Stops a shift at the trigger; what it then says, and how it ended. */
async function interruptedAt(cloud: Emulator, { match, skip = 0 }: Omit<Trigger, 'fault'>) {
  const child = spawn(process.execPath, [PROGRAM, cloud.host, revisionNames(cloud)[1] ?? ''], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // The request is held until the process is gone.
  const act = async () => {
    child.kill('SIGINT');
    await closed;
  };
  cloud.on({ match, skip, fault: { kind: 'first', act } });
  const [, signal] = (await closed) as [number | null, string | null];
  assert.equal(signal, 'SIGINT', stderr);
  await cloud.settled();
  const [message, hint] = stderr.slice(stderr.indexOf('error: ')).split('\n');
  return { message, hint };
}

describe('a shift that is interrupted', { concurrency: true }, () => {
  test('before its comparison is not made, and says so', async () => {
    await using cloud = await pinnedCloud();
    const { message, hint } = await interruptedAt(cloud, { match: LOOK, skip: 1 });
    assert.equal(message, 'error: interrupted before the change of service control was sent');
    assert.equal(hint, 'This change was not made; run this again when you are ready.');
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
  });

  test('while the write is on its way says that nobody knows whether it is made', async () => {
    await using cloud = await pinnedCloud();
    const { message, hint = '' } = await interruptedAt(cloud, { match: WRITE });
    assert.equal(
      message,
      'error: interrupted while the change of service control was being sent: it is unknown whether it was made',
    );
    assert.match(hint, /^Look before running this again: /);
    assert.match(hint, LOOK_COMMAND);
  });

  test('while it settles goes on by itself, and says so', async () => {
    await using cloud = await pinnedCloud();
    const { message, hint = '' } = await interruptedAt(cloud, { match: LOOK, skip: 2 });
    assert.equal(
      message,
      'error: interrupted while waiting: service control was changed (generation 4) and the platform goes on without this script',
    );
    assert.match(hint, /^Look at what came of it: /);
    assert.match(hint, LOOK_COMMAND);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[1]}=100`]);
  });
});
