import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommand, UserError, withFileLock } from '@deploy/cli';

describe('a lock', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  after(() => rm(folder, { recursive: true }));

  const refused: [string, (path: string) => Promise<unknown>][] = [
    ['a symbolic link to a file', (path) => symlink(join(folder, 'elsewhere'), path)],
    ['a pipe', (path) => runCommand(['mkfifo', path])],
    ['a folder', (path) => mkdir(path)],
  ];
  for (const [i, [what, put]] of refused.entries()) {
    test(`is refused where there is ${what}, without waiting and without touching anything else`, async () => {
      const path = join(folder, `${i}.lock`);
      await put(path);
      await assert.rejects(
        withFileLock(path, {}, async () => {}),
        (error) => error instanceof UserError && /is not an ordinary file/.test(error.message),
      );
      assert.ok(!(await readdir(folder)).includes('elsewhere'));
    });
  }

  test('that somebody else holds is waited for until the signal aborts', async () => {
    const path = join(folder, 'waited-for.lock');
    const stop = new AbortController();
    await withFileLock(path, {}, async () => {
      const onWait = () => stop.abort(new Error('enough'));
      const waiting = withFileLock(path, { onWait, signal: stop.signal }, async () => {});
      await assert.rejects(waiting, /enough/);
    });
  });

  test('is given up when one holder keeps it for too long, not when its holders change', async (t) => {
    const path = join(folder, 'passed-on.lock');
    let aheadMs = 0;
    const real = performance.now.bind(performance);
    let looks = 0;
    t.mock.method(performance, 'now', () => {
      looks += 1;
      return real() + aheadMs;
    });
    let ended = 'not yet';
    /** Resolves when the waiting one has looked at the lock as it is now, and at the clock, or has given up. */
    const looked = async () => {
      const enough = looks + 3;
      while (looks < enough && ended === 'not yet') await pause(5);
    };
    await withFileLock(path, {}, async () => {
      const begun = Promise.withResolvers<void>();
      const waiting = withFileLock(
        path,
        { patienceMs: 3_600_000, onWait: begun.resolve, tooLong: () => new Error('too long') },
        async () => 'held',
      ).catch((error: Error) => error.message);
      void waiting.then((how) => {
        ended = how;
      });
      await begun.promise;
      await looked();
      aheadMs += 3_000_000;
      // The next holder's file takes the place of this one in one step, so that the waiting one cannot come first.
      await withFileLock(`${path}.next`, {}, async () => {
        await rename(`${path}.next`, path);
        await looked();
        aheadMs += 3_000_000;
        await looked();
        assert.equal(ended, 'not yet');
        aheadMs += 3_000_000;
        assert.equal(await waiting, 'too long');
      });
    });
  });

  test('keeps everybody else out while it is held, and leaves nothing behind', async () => {
    const path = join(folder, 'held.lock');
    // Of a holder that was killed.
    await writeFile(path, '');
    const order: string[] = [];
    let waited = 0;
    // Whoever is first holds the lock until the other one waits for it, or has come in all the same.
    const meet = Promise.withResolvers<void>();
    const onWait = (): void => {
      waited += 1;
      meet.resolve();
    };
    const turn = (name: string) =>
      withFileLock(path, { onWait }, async () => {
        order.push(`${name} begins`);
        if (order.length > 1) meet.resolve();
        await meet.promise;
        order.push(`${name} ends`);
      });
    await Promise.all([turn('one'), turn('two')]);
    assert.equal(waited, 1);
    for (const at of [0, 2]) assert.equal(order[at + 1], order[at]?.replace('begins', 'ends'));
    assert.ok(!(await readdir(folder)).includes('held.lock'));
  });
});
