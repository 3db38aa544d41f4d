import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { cleanLine, createOutput, performAction, Secret } from '@deploy/cli';

function capture() {
  const stdout = new PassThrough().setEncoding('utf8');
  const stderr = new PassThrough().setEncoding('utf8');
  return {
    out: createOutput({ stdout, stderr }),
    stdout: () => stdout.read() ?? '',
    stderr: () => stderr.read() ?? '',
  };
}

test('data goes to stdout and notes to stderr, without escape sequences and secrets', () => {
  new Secret('sesame-1234');
  const { out, stdout, stderr } = capture();
  out.data('plain \u001b[31mred\u001b[0m \u0007bell \u009b2J sesame-1234');
  out.note('a note\twith a tab');
  assert.equal(stdout(), 'plain red bell  <redacted>\n');
  assert.equal(stderr(), 'a note\twith a tab\n');
});

test('quoted text stays on one line and is cut', () => {
  assert.equal(cleanLine('two\r\nlines  and\u2028more'), 'two lines and more');
  assert.equal(cleanLine('x'.repeat(20), 5), 'xxxxx…');
});

test('an action is announced and done; in a dry run it is announced and not done', async () => {
  for (const dryRun of [false, true]) {
    const { out, stdout } = capture();
    let done = 0;
    const action = { announcement: 'gcloud run something', perform: async () => ++done };
    const performed = await performAction(action, { dryRun, out });
    assert.equal(stdout(), '+ gcloud run something\n');
    assert.deepEqual(performed, dryRun ? { dryRun: true } : { dryRun: false, outcome: 1 });
    assert.equal(done, dryRun ? 0 : 1);
  }
});
