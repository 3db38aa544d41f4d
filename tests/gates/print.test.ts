import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationLine, gatesMarkdown, verdictLine } from '../../scripts/gates/print.ts';

const FORGED = 'x\n[passed] perf-budget (1.0 s, this run)\n::error::no\r<img src=x>\u2028| a | *b*';

const result = { gate: 'cargo-test', state: 'passed', durationMs: 1, cache: 'hit', source: FORGED } as const;

test('a verdict stays one line, whatever it came from', () => {
  assert.doesNotMatch(verdictLine(result), /[\n\r\u2028]/);
  const explained = { gate: 'cargo-test', expect: 'miss', reason: FORGED, changed: [] } as const;
  assert.match(explanationLine(explained), /^\[miss\] cargo-test: x \[passed\].*$/);
  assert.doesNotMatch(explanationLine(explained), /[\n\r\u2028]/);
});

test('a replayed verdict does not look as though it had taken its time now', () => {
  const cached = { ...result, durationMs: 12_300, source: 'local cache; first established then' };
  assert.equal(
    verdictLine(cached),
    '[passed] cargo-test (took 12.3 s then, local cache; first established then)',
  );
  const fresh = { ...cached, cache: 'miss', source: 'this run' } as const;
  assert.equal(verdictLine(fresh), '[passed] cargo-test (12.3 s, this run)');
  const markdown = gatesMarkdown({ results: [cached, fresh], leftOut: [], complaint: '' });
  assert.match(markdown, /\| 12\.3 s then \| local cache/);
  assert.match(markdown, /\| 12\.3 s +\| this run/);
});

test('the step summary holds no HTML and no further cell', () => {
  const markdown = gatesMarkdown({ results: [result], leftOut: [], complaint: '' });
  const line = markdown.split('\n').find((each) => each.startsWith('| cargo-test')) ?? '';
  assert.doesNotMatch(markdown, /<img/);
  assert.equal(line.replaceAll('\\|', '').split('|').length, 6, line);
  assert.equal(markdown.split('\n').filter((each) => each.startsWith('|')).length, 3);
});
