import assert from 'node:assert/strict';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addStepSummary, annotate, grouped, Secret } from '@deploy/cli';

function place(env: Record<string, string>) {
  const lines: string[] = [];
  const add = (line: string) => void lines.push(line);
  return { env, lines, out: { note: add, verbatim: add } };
}

const ACTIONS = { GITHUB_ACTIONS: 'true' };

describe('in GitHub Actions', () => {
  test('output is folded under a title, and unfolded whatever happens', async () => {
    const there = place(ACTIONS);
    assert.equal(await grouped(there, 'a gate', async () => there.lines.push('its output')), 2);
    await assert.rejects(grouped(there, 'bad', () => Promise.reject(new Error('no'))));
    assert.deepEqual(there.lines, [
      '::group::a gate',
      'its output',
      '::endgroup::',
      '::group::bad',
      '::endgroup::',
    ]);
  });

  test('an annotation stays one command, whatever it says', () => {
    const there = place(ACTIONS);
    annotate(there, { level: 'error', title: 'a: b, c', message: '100 %\r\n::stop-commands::x\nend' });
    assert.deepEqual(there.lines, ['::error title=a%3A b%2C c::100 %25%0A::stop-commands::x%0Aend']);
  });

  test('a secret is gone before it is escaped, which would hide it', () => {
    new Secret('hush%100\nsecret');
    const there = place(ACTIONS);
    annotate(there, { level: 'warning', title: 't', message: 'it is hush%100\nsecret' });
    assert.deepEqual(there.lines, ['::warning title=t::it is <redacted>']);
  });

  test('the summary of a step grows; one that cannot be written is a warning', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'summary-'));
    const file = join(folder.path, 'summary.md');
    const { lines, out } = place(ACTIONS);
    new Secret('sesame-56789');
    await addStepSummary(file, '# One sesame-56789\n', out.note);
    await addStepSummary(file, '# Two\n', out.note);
    await addStepSummary(undefined, '# Three', out.note);
    assert.equal(await readFile(file, 'utf8'), '# One <redacted>\n# Two\n');
    assert.deepEqual(lines, []);
    await addStepSummary('/dev/null/x', '# Four', out.note);
    assert.match(lines.join('\n'), /^warning: the step summary cannot be written \(ENOTDIR/);
  });
});

test('elsewhere there is not a word of it', async () => {
  for (const env of [{}, { GITHUB_ACTIONS: 'false' }, { CI: 'true' }]) {
    const there = place(env);
    await grouped(there, 'a gate', async () => {});
    annotate(there, { level: 'error', title: 't', message: 'm' });
    assert.deepEqual(there.lines, []);
  }
});
