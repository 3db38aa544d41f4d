import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DocumentSplitter, readRecording, type TextDocument } from '@deploy/canary';
import { UserError } from '@deploy/cli';
import fc from 'fast-check';
import { blocksOf, readPage } from '../docs/markdown.ts';
import { defaultLimits } from '../support/limits.ts';
import { seen } from './sample-minutes.ts';

const read = (document: unknown) => readRecording(document, defaultLimits);
const minute = { stable: seen(114), canary: seen(6) };

describe('a recorded document', () => {
  test('needs its minutes only; the rest has defaults', () => {
    assert.deepEqual(read({ minutes: [minute] }), {
      steps: [5, 25, 50, 100],
      limits: defaultLimits,
      affinity: false,
      history: [],
      minutes: [{ step: 5, ...minute }],
    });
  });

  test('names limits one by one; the others are those of the caller', () => {
    const { limits } = readRecording(
      { minutes: [], limits: { max5xxPercent: 0.5 } },
      { ...defaultLimits, minRequests: 7 },
    );
    assert.deepEqual(limits, { ...defaultLimits, max5xxPercent: 0.5, minRequests: 7 });
  });

  test('may tell steps minute by minute, over the one of the document', () => {
    const { minutes } = read({ step: 25, minutes: [minute, { ...minute, step: 50 }] });
    assert.deepEqual(
      minutes.map(({ step }) => step),
      [25, 50],
    );
  });

  test('needs no stable at 100 %, where it gets no traffic', () => {
    assert.deepEqual(read({ step: 100, minutes: [{ canary: seen(6) }] }).minutes, [
      { step: 100, canary: seen(6) },
    ]);
  });

  test('may say null for what it leaves out', () => {
    const empty = { latency: null, signIn: null, pages: null, ready: null };
    const sides = { stable: { ...seen(114), ...empty }, canary: { ...seen(6), ...empty }, step: null };
    const document = {
      steps: null,
      windowMinutes: null,
      limits: { minRequests: null },
      history: null,
      minutes: [sides],
    };
    assert.deepEqual(read(document), read({ minutes: [minute] }));
  });

  test('may hold what this version does not know', () => {
    assert.deepEqual(read({ minutes: [{ ...minute, note: 'deploy of Tuesday' }], by: 'me' }).minutes, [
      { step: 5, ...minute },
    ]);
  });

  test('as docs/canary.md shows one is read, with everything in it', async () => {
    const [shown = ''] = blocksOf(await readPage('docs/canary.md'), 'json');
    const { limits, minutes, history } = read(JSON.parse(shown));
    assert.deepEqual(limits, defaultLimits);
    assert.deepEqual([minutes.length, history.length, minutes[0]?.canary.pages], [1, 1, 2]);
  });

  const latency = (boundsMs: unknown, counts: unknown) => ({
    minutes: [{ ...minute, canary: seen(6, 0, { latency: { boundsMs, counts } as never }) }],
  });
  const canary = (more: object) => ({ minutes: [minute, { ...minute, canary: { ...seen(6), ...more } }] });
  const refused: [string, unknown, RegExp][] = [
    ['a list', [], /^the document is \[\]: it must be an object$/],
    ['null', null, /^the document is missing/],
    ['a number', 5, /^the document is 5/],
    ['no minutes', {}, /^minutes is missing: it must be a list$/],
    ['minutes that are no list', { minutes: {} }, /^minutes is \{\}: it must be a list$/],
    [
      'a minute without its candidate',
      { minutes: [{ stable: seen(1) }] },
      /^minutes\[0\]\.canary is missing/,
    ],
    ['a minute without stable', { minutes: [{ canary: seen(1) }] }, /^minutes\[0\]\.stable is missing/],
    ['no requests', canary({ requests: undefined }), /^minutes\[1\]\.canary\.requests is missing/],
    ['no errors', canary({ errors: undefined }), /^minutes\[1\]\.canary\.errors is missing/],
    [
      'half a request',
      canary({ requests: 6.5 }),
      /^minutes\[1\]\.canary\.requests is 6\.5: it must be a whole/,
    ],
    ['requests below zero', canary({ requests: -1 }), /requests is -1/],
    ['requests as text', canary({ requests: '6' }), /requests is "6"/],
    ['a count that no number holds', canary({ requests: 2 ** 60 }), /requests is 11529215046068/],
    ['more errors than requests', canary({ errors: 7 }), /errors is 7: there were 6 requests$/],
    [
      'sign-in that is a number',
      canary({ signIn: 3 }),
      /^minutes\[1\]\.canary\.signIn is 3: it must be an object$/,
    ],
    [
      'more failures than sign-ins',
      canary({ signIn: { requests: 1, failures: 2 } }),
      /signIn\.failures is 2: there were 1 requests/,
    ],
    [
      'more 5xx than failures',
      canary({ syncToken: { requests: 4, failures: 2, serverErrors: 3 } }),
      /syncToken\.serverErrors is 3/,
    ],
    ['a word for ready', canary({ ready: 'yes' }), /ready is "yes": it must be true or false/],
    ['as many counts as bounds', latency([10, 20], [1, 2]), /latency\.counts has 2 entries: 2 bounds need 3/],
    ['bounds that fall', latency([20, 10], [1, 2, 3]), /latency\.boundsMs\[1\] is 10/],
    ['bounds that are equal', latency([10, 10], [1, 2, 3]), /latency\.boundsMs\[1\] is 10/],
    ['a count below zero', latency([10], [1, -2]), /latency\.counts\[1\] is -2/],
    ['bounds that are none', latency(undefined, [1]), /latency\.boundsMs is missing: it must be a list/],
    [
      'a step out of the plan',
      { step: 7, minutes: [minute] },
      /^minutes\[0\]\.step is 7: the steps are 5, 25, 50, 100$/,
    ],
    [
      'a step back',
      {
        minutes: [
          { ...minute, step: 25 },
          { ...minute, step: 5 },
        ],
      },
      /^minutes\[1\]\.step is 5: a promotion does not go back/,
    ],
    ['steps that fall', { steps: [25, 5], minutes: [] }, /^steps\[1\] is 5: each step must be higher/],
    ['a step above all', { steps: [5, 101], minutes: [] }, /^steps\[1\] is 101/],
    ['no steps', { steps: [], minutes: [] }, /^steps is empty/],
    ['a window of none', { windowMinutes: 0, minutes: [] }, /^windowMinutes is 0/],
    [
      'a limit that is a word',
      { limits: { minRequests: 'few' }, minutes: [] },
      /^limits\.minRequests is "few"/,
    ],
    [
      'a promise that none can keep',
      { limits: { falseAlarmPercent: 0 }, minutes: [] },
      /^limits\.falseAlarmPercent is 0/,
    ],
    ['history that is no list', { history: 5, minutes: [] }, /^history is 5/],
    ['history without requests', { history: [{}], minutes: [] }, /^history\[0\]\.requests is missing/],
    ['affinity that is a number', { affinity: 1, minutes: [] }, /^affinity is 1/],
  ];
  for (const [name, document, message] of refused) {
    test(`is refused with ${name}`, () => {
      assert.throws(
        () => read(document),
        (error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
      );
    });
  }

  test('of any kind is read or refused with a sentence, never a bug', () => {
    fc.assert(
      fc.property(
        fc.record({
          minutes: fc.oneof(
            fc.jsonValue(),
            fc.array(fc.record({ canary: fc.jsonValue(), stable: fc.jsonValue() })),
          ),
        }),
        (document) => {
          try {
            read(document);
          } catch (error) {
            assert.ok(error instanceof UserError && error.exitCode === 2);
          }
        },
      ),
    );
  });
});

/** What a splitter makes of a text that arrives in pieces of so many characters. */
function split(text: string, size = text.length): TextDocument[] {
  const splitter = new DocumentSplitter();
  const documents: TextDocument[] = [];
  for (let at = 0; at < text.length; at += Math.max(size, 1))
    documents.push(...splitter.push(text.slice(at, at + size)));
  documents.push(...splitter.end());
  return documents;
}

const kinds = (text: string, size?: number): string =>
  split(text, size)
    .map((document) => ('value' in document ? JSON.stringify(document.value) : 'X'))
    .join(' ');

describe('documents in a text', () => {
  const one = { minutes: [{ canary: 1 }], text: 'a { in a "string\\"' };
  const line = JSON.stringify(one);
  const pretty = JSON.stringify(one, null, 2);

  test('one a line, with or without a line break at the end, empty lines and carriage returns between', () => {
    assert.equal(kinds(`${line}\n\n${line}\r\n  \n${line}`), [line, line, line].join(' '));
  });
  test('one over several lines', () => {
    assert.equal(kinds(pretty), line);
    assert.equal(kinds(`\uFEFF${pretty}\n`), line);
  });
  test('several over several lines each', () => {
    assert.equal(kinds(`${pretty}\n${pretty}\n`), `${line} ${line}`);
  });
  test('one whose minutes have a line each', () => {
    assert.equal(kinds('{"minutes": [\n{"canary":1}\n]}'), '{"minutes":[{"canary":1}]}');
  });
  test('a broken line stands in its place', () => {
    assert.equal(kinds(`${line}\nnonsense\n{"minutes": [\n${line}`), `${line} X X ${line}`);
  });
  test('a broken first line too, even one that looks like a beginning', () => {
    assert.equal(kinds(`{"minutes": [\n${line}\n${line}`), `X ${line} ${line}`);
    assert.equal(kinds(`{"minutes": [\n{"minutes": [1,\n${line}`), `X X ${line}`);
    assert.equal(kinds(`nonsense\n${line}`), `X ${line}`);
  });
  test('a document that is cut off is one that cannot be read', () => {
    assert.equal(kinds(pretty.slice(0, -3)), 'X');
  });
  test('nothing', () => assert.equal(kinds(' \n\n'), ''));
  test('it does not matter where the pieces end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(line, 'nonsense', '{"minutes": [', '')),
        fc.integer({ min: 1, max: 40 }),
        (lines, size) => assert.equal(kinds(lines.join('\n'), size), kinds(lines.join('\n'))),
      ),
    );
  });
  test('a line without an end is given up, not kept', () => {
    const splitter = new DocumentSplitter();
    const piece = 'x'.repeat(8 * 1024 * 1024);
    const documents: TextDocument[] = [];
    for (let i = 0; i < 20; i++) documents.push(...splitter.push(piece));
    documents.push(...splitter.push(`x\n${line}\n`));
    assert.deepEqual(
      documents.map((document) => 'value' in document),
      [false, true],
    );
  });
});
