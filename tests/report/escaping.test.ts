import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanLine } from '@deploy/cli';
import { nobodysText, readDocument, writeDocument } from '@deploy/report/document';
import type { ReportRecord } from '@deploy/report/record';
import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { toString as textOf } from 'mdast-util-to-string';
import { gfm } from 'micromark-extension-gfm';
import { sampleRecord } from './sample-record.ts';

type Node = ReturnType<typeof fromMarkdown>['children'][number];

/** What breaks Markdown tables, YAML, Mermaid or a terminal, and the characters that it is made of. */
const nasty = fc.oneof(
  fc
    .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 30 })
    .map((points) => String.fromCodePoint(...points)),
  fc
    .array(
      fc.constantFrom(
        ...['|', '\\', '`', '``', '\n', '\r\n', '---', '## Notes', '<b>', '<!--', '-->', '[x](y)', '![', ']'],
        ...[
          '*',
          '_',
          '~~',
          '#',
          ':',
          ': ',
          '- ',
          '> ',
          '&amp;',
          '&#124;',
          '$x$',
          '"',
          "'",
          '{',
          '}',
          '%',
          '@',
        ],
        ...[
          '\u001b[31m',
          '\u0000',
          '\u2028',
          '\u0085',
          '\ufeff',
          '\ud800',
          '```',
          'null',
          'yes',
          '1e3',
          '0x1',
        ],
        ...[
          'http://x.example',
          'www.example.com',
          'a@b.example',
          ' ',
          '  ',
          '\t',
          '=',
          '!!str',
          '&a',
          '*a',
          ';',
          '[^1]',
        ],
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

/** The sample record with a text of its own wherever text comes from outside. */
function recordWith(text: () => string): ReportRecord {
  const [gate] = sampleRecord.gates?.results ?? [];
  const [step] = sampleRecord.steps;
  const [change] = sampleRecord.trafficChanges;
  const [smoke] = sampleRecord.smokes;
  const [window] = sampleRecord.maintenance;
  assert.ok(gate && step && change && smoke && window);
  return {
    ...sampleRecord,
    account: text(),
    host: text(),
    checkout: { commit: text(), clean: false },
    image: { reference: text(), tag: text(), digest: text() },
    domainMapping: { domain: text(), state: text() },
    baseUrls: [text(), text()],
    tagUrls: [text()],
    gates: { extent: 'all', results: [{ ...gate, gate: text(), source: text() }] },
    steps: [{ ...step, name: text(), detail: text(), state: 'failed' }],
    trafficChanges: [{ ...change, actor: text() }],
    smokes: [
      {
        ...smoke,
        actor: text(),
        suite: text(),
        baseUrl: text(),
        checks: [
          { id: text(), state: 'failed', request: text(), detail: text() },
          { id: text(), state: 'skipped', detail: text() },
        ],
      },
    ],
    maintenance: [{ ...window, actor: text() }],
    matrices: [
      { at: smoke.at, verdict: 'failed', summary: text(), baseUrls: [text()] },
      { at: smoke.at, verdict: 'incomplete', summary: text() },
    ],
  };
}

const records = fc.array(nasty, { minLength: 10, maxLength: 40 }).map((texts) => {
  let next = 0;
  return recordWith(() => texts[next++ % texts.length] ?? '');
});

/** The record with its texts made single clean lines, as it is written down. */
function cleaned(record: ReportRecord): unknown {
  return JSON.parse(
    JSON.stringify(record, (_key, value) =>
      typeof value === 'string' ? cleanLine(value).toWellFormed() : value,
    ),
  );
}

// Without the pass that looks for links in what has been parsed: it takes escaped ones too, unlike GitHub.
const mdastExtensions = gfmFromMarkdown().map(({ transforms: _, ...extension }) => extension);

function parseBody(bytes: Buffer): Node[] {
  return fromMarkdown(bytes.toString(), { extensions: [gfm()], mdastExtensions }).children;
}

function all(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...('children' in node ? all(node.children) : [])]);
}

/** The comments at the top and in the notes, and the folds. */
const OUR_HTML =
  /^(?:<!-- (?:markdownlint-disable [MD\d ]+|Whatever you write [\w ,.]+) -->|<\/?details(?: open)?>(?:\n<summary>[\w :,-]+<\/summary>)?)$/;

function requireNoMarkup(nodes: readonly Node[], bytes: Buffer): void {
  const types = new Set(nodes.map(({ type }) => type));
  for (const type of [
    'link',
    'image',
    'linkReference',
    'imageReference',
    'footnoteReference',
    'delete',
    'emphasis',
    'blockquote',
    'thematicBreak',
    'break',
    'definition',
  ] as const) {
    assert.ok(!types.has(type), `${type} in ${bytes}`);
  }
  const html = nodes.flatMap((node) => (node.type === 'html' ? [node.value] : []));
  assert.deepEqual(
    html.filter((value) => !OUR_HTML.test(value)),
    [],
  );
}

function requireEvenTables(nodes: readonly Node[]): void {
  for (const node of nodes) {
    if (node.type !== 'table') continue;
    const widths = node.children.map(({ children }) => children.length);
    assert.equal(new Set(widths).size, 1, `rows of ${widths} cells`);
  }
}

/** The timeline holds nothing but plain characters. */
function requirePlainTimeline(nodes: readonly Node[]): void {
  const diagram = nodes.find((node) => node.type === 'code' && node.lang === 'mermaid');
  assert.ok(diagram?.type === 'code');
  assert.match(diagram.value, /^timeline\n(?: +(?:section [0-9-]+|\w+(?: : [\w.-]+ \d+ %)+)\n?)+$/);
}

test('whatever the texts, the data reads back, and nothing breaks out of its cell, turns into markup or gets into the timeline', () => {
  fc.assert(
    fc.property(records, (record) => {
      const bytes = writeDocument({ record, people: nobodysText }, 'report.md');
      assert.deepEqual(readDocument(bytes, 'report.md').record, cleaned(record));
      const nodes = all(parseBody(bytes));
      requireNoMarkup(nodes, bytes);
      requireEvenTables(nodes);
      requirePlainTimeline(nodes);
    }),
    { numRuns: 150 },
  );
});

test('an address right behind another one turns into no link', () => {
  const [step] = sampleRecord.steps;
  assert.ok(step);
  const detail = 'refused: a@b.example@a@b.example';
  const record: ReportRecord = { ...sampleRecord, steps: [{ ...step, state: 'failed', detail }] };
  const nodes = all(parseBody(writeDocument({ record, people: nobodysText }, 'report.md')));
  const links = nodes.flatMap((node) => (node.type === 'link' ? [node.url] : []));
  // The one to the summary of the matrix.
  assert.deepEqual(links, [`/${sampleRecord.matrices?.[0]?.summary}`]);
});

test('a cell shows the text that was put into it', () => {
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 10, maxLength: 10 }), (texts) => {
      const record = recordWith(() => 'x');
      const [step] = record.steps;
      assert.ok(step);
      record.steps = texts.map((detail) => ({ ...step, name: 'marked', detail }));
      const bytes = writeDocument({ record, people: nobodysText }, 'report.md');
      const shown = all(parseBody(bytes)).flatMap((node) =>
        node.type === 'tableRow' && textOf(node.children[0]) === 'marked'
          ? [textOf(node.children.at(-1))]
          : [],
      );
      assert.deepEqual(
        shown,
        texts.map((text) => cleanLine(text).toWellFormed()),
      );
    }),
    { numRuns: 30 },
  );
});
