import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { cleanLine, performAction, Secret } from '@deploy/cli';
import { createOutput } from '@deploy/cli/start';

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

test('a note holds no command to GitHub Actions, whatever a server wrote into it', () => {
  new Secret('::open-sesame');
  const { out, stderr } = capture();
  out.note('body: {\n::stop-commands::x\n \t::add-mask::a ##[add-mask]b\n}');
  out.note('::: a::b, ::open-sesame');
  out.verbatim('::group::a gate');
  assert.equal(
    stderr(),
    'body: {\n: :stop-commands::x\n \t: :add-mask::a ## [add-mask]b\n}\n: :: a::b, <redacted>\n::group::a gate\n',
  );
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

test('without a terminal a verdict is plain on stdout, whatever FORCE_COLOR says; on stderr it has its way', (t) => {
  const before = process.env.FORCE_COLOR;
  t.after(() => {
    if (before === undefined) delete process.env.FORCE_COLOR;
    else process.env.FORCE_COLOR = before;
  });
  process.env.FORCE_COLOR = '1';
  const forced = capture();
  forced.out.data('[failed] control-prod-health (required)');
  forced.out.note('error: no');
  assert.equal(forced.stdout(), '[failed] control-prod-health (required)\n');
  assert.equal(forced.stderr(), '\u001b[31merror:\u001b[39m no\n');
  delete process.env.FORCE_COLOR;
  const plain = capture();
  plain.out.note('error: no');
  assert.equal(plain.stderr(), 'error: no\n');
});
