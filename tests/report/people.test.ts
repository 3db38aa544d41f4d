import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nobodysText, readDocument, writeDocument } from '@deploy/report/document';
import type { ReportRecord } from '@deploy/report/record';
import fc from 'fast-check';
import { sampleRecord } from './sample-record.ts';

const FILE = 'report.md';
const written = writeDocument({ record: sampleRecord, people: nobodysText }, FILE).toString('latin1');
const version1 = await readFile(join(import.meta.dirname, 'golden/version-1.md'), 'latin1');

/** The record after one more thing of every kind happened, as two later commands would add it. */
function later(record: ReportRecord, at: string): ReportRecord {
  const [change] = record.trafficChanges;
  const [smoke] = record.smokes;
  const [window] = record.maintenance;
  assert.ok(change && smoke && window);
  return {
    ...record,
    steps: [...record.steps, { name: 'set-traffic', state: 'done', startedAt: at, endedAt: at }],
    trafficChanges: [...record.trafficChanges, { ...change, at }],
    smokes: [...record.smokes, { ...smoke, at }],
    maintenance: [...record.maintenance, { ...window, at }],
  };
}

/** The file after two more commands have written into it. */
function continued(text: string): string {
  let bytes: Buffer = Buffer.from(text, 'latin1');
  for (const at of ['2026-02-14T08:00:00.000Z', '2026-02-14T09:00:00.000Z']) {
    const { record, people } = readDocument(bytes, FILE);
    bytes = writeDocument({ record: later(record, at), people }, FILE);
  }
  return bytes.toString('latin1');
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function lineCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** Throws unless the scripts' own sections are all there, once. */
function requireWhole(text: string): void {
  for (const heading of ['# Rollout of ', '## Traffic split\n', '## Smoke checks\n', '## Who and where\n']) {
    assert.equal(count(text, `\n${heading}`), 1, `${heading} in ${text}`);
  }
  const folds = [...text.matchAll(/^<summary>([\w ]+)/gm)].map(([, title = '']) => title);
  assert.deepEqual(folds, [...new Set(folds)], 'each fold is there once');
  assert.equal(count(text, '\n<summary>Data that the scripts read back'), 1, text);
  assert.match(text, /\| 2026-02-14 09:00:00 UTC \|/);
}

const before = (part: string, own: string) => (text: string) => text.replace(part, () => own + part);
const after = (part: string, own: string) => (text: string) => text.replace(part, () => part + own);
const instead = (part: string | RegExp, own: string) => (text: string) => text.replace(part, () => own);

const [, ROW = ''] = /^(\| deploy \| failed .*)$/m.exec(written) ?? [];

/** What people do to a report: the change, and what must be there afterwards to the letter. */
const edits: Record<string, { edit: (text: string) => string; kept: string[] }> = {
  'notes under their heading': {
    edit: (text) => `${text}\nSeen by bob.  \n\n\n### More\n\n---\nreport: no\n---\n`,
    kept: ['-->\n\nSeen by bob.  \n\n\n### More\n\n---\nreport: no\n---\n'],
  },
  'notes instead of ours': {
    edit: (text) => `${text.slice(0, text.indexOf('## Notes'))}## Notes:\n\nall well\n`,
    kept: ['\n## Notes:\n\nall well\n'],
  },
  'no notes at all': { edit: (text) => text.slice(0, text.indexOf('## Notes')), kept: [] },
  'notes that are no UTF-8': {
    edit: (text) => `${text}\xff\xfe\x00A`,
    kept: ['-->\n\xff\xfe\x00A'],
  },
  'a section of their own': {
    edit: before('## Rollback\n', '## Operator notes\n\nThe smoke was slow.\n\n'),
    kept: ['\n\n## Operator notes\n\nThe smoke was slow.\n\n'],
  },
  'a heading underlined': {
    edit: before('## Steps\n', 'Notes\n-----\n\n* one\n* two\n\n'),
    kept: ['\n\nNotes\n-----\n\n* one\n* two\n\n'],
  },
  'a paragraph above the title': {
    edit: (text) => `INC-4711: see the channel.\n\n${text}`,
    kept: ['INC-4711: see the channel.\n\n<!-- markdownlint'],
  },
  'front matter of their own': {
    edit: (text) => `---\ntitle: staging\n---\n\n${text}`,
    kept: ['---\ntitle: staging\n---\n\n<!-- markdownlint'],
  },
  'a reason of their own': {
    edit: after('00042-def was rolled back\n', '- and the database is slow\n'),
    kept: ['\n- and the database is slow\n'],
  },
  'a line right behind a paragraph of ours': {
    edit: after('All of the verification gates were asked for.', '\nBy two people.'),
    kept: ['\nBy two people.\n'],
  },
  'words at the end of a line of ours': {
    edit: instead('Verdict: **no-go**.', 'Verdict: **no-go** (agreed with carol).'),
    kept: ['Verdict: **no-go** (agreed with carol).'],
  },
  'a row of their own': {
    edit: after(`${ROW}\n`, '| by hand | done | yesterday | | |\n'),
    kept: [
      '\n| Step | State | Begun | Took | Detail |\n| - | - | - | - | - |\n| by hand | done | yesterday | | |\n',
    ],
  },
  'a cell': {
    edit: instead(ROW, ROW.replace('quota exceeded', 'quota exceeded, raised since')),
    kept: ['quota exceeded, raised since \\|', ROW],
  },
  'text inside a fold': {
    edit: before('| readyz |', '\n<b>look</b> at this\n\n'),
    kept: ['\n<b>look</b> at this\n'],
  },
  'a code block that looks like ours': {
    edit: before('## Steps\n', '```sh\n## Steps\n\n| Step | State | Begun | Took | Detail |\n```\n\n'),
    kept: ['\n```sh\n## Steps\n\n| Step | State | Begun | Took | Detail |\n```\n'],
  },
  'a line of ours that they quote': {
    edit: (text) => before('## Rollback\n', `Before it went back:\n\n${ROW}\n\n`)(text),
    kept: [`Before it went back:\n\n${ROW}\n`],
  },
  'a comment over several lines': {
    edit: before('## Rollback\n', '<!--\nto do: ask dave\n\nand erin\n-->\n\n'),
    kept: ['\n<!--\nto do: ask dave\n\nand erin\n-->\n'],
  },
  'text before the data, within its fold': {
    edit: before('```yaml staging', 'hands off!\n\n'),
    kept: ['\nhands off!\n'],
  },
  'comments in the data': {
    edit: (text) => instead('version: 2', '# checked with ops\nversion: 2 # sic')(text),
    kept: ['\n# checked with ops\n# sic\nreport: staging-deploy\n'],
  },
  'a section renamed': {
    edit: instead('## Rollback\n', '## How to go back\n'),
    kept: ['\n## How to go back\n'],
  },
  'a section moved': {
    edit: (text) => {
      const [section = ''] = /## Smoke checks\n[\s\S]*?(?=## Rollback)/.exec(text) ?? [];
      return text
        .replace(section, '')
        .replace('## Image and revisions\n', () => `${section}## Image and revisions\n`);
    },
    kept: [],
  },
  'a section deleted': { edit: instead(/## Traffic split\n[\s\S]*?(?=## Smoke)/, ''), kept: [] },
  'Windows line ends': {
    edit: (text) => before('## Steps\n', 'seen\nby bob\n\n')(text).replaceAll('\n', '\r\n'),
    kept: ['\nseen\r\nby bob\n'],
  },
  'a byte order mark': { edit: (text) => `\xef\xbb\xbf${text}`, kept: [] },
  'a formatter': {
    edit: (text) =>
      before(
        '## Steps\n',
        'seen\n\n',
      )(text)
        .replaceAll('| - |', '| --- |')
        .replaceAll(' - |', ' :--- |'.replace(':', '-'))
        .replace(/^\| (?=[^-])/gm, '|   ')
        .replaceAll('https\\://', 'https://'),
    kept: ['\nseen\n'],
  },
};

describe('what a person wrote survives every later command, to the letter', () => {
  for (const [name, { edit, kept }] of Object.entries(edits)) {
    test(name, () => {
      const edited = edit(written);
      assert.notEqual(edited, written, 'the edit found its place');
      const text = continued(edited);
      for (const part of kept) assert.ok(text.includes(part), `${JSON.stringify(part)} in ${text}`);
      requireWhole(text);
    });
  }

  test('a backslash in a line of its own, before a command', () => {
    const edited = instead('```sh\nPROJECT=', '```sh\n\\\nPROJECT=')(written);
    assert.match(continued(edited), /^```sh\n\\\nPROJECT=/m);
  });

  test('whatever lines they put wherever outside the data', () => {
    const lines = written.split('\n');
    const data = [lines.findIndex((line) => line.startsWith('```yaml')), lines.lastIndexOf('```')] as const;
    const place = fc.nat(lines.length - 1).filter((line) => line <= data[0] || line > data[1]);
    const line = fc.constantFrom(
      ...[
        'plain words',
        '```',
        '~~~',
        '## Steps',
        '# Title',
        '| a | b |',
        '| - | - |',
        '- item',
        '</details>',
        '<!--',
      ],
      ...[
        '-->',
        '<details>',
        '> quote',
        '    indented',
        '---',
        '===',
        '\\',
        '&amp;',
        'é',
        '\t',
        '1. one',
        '```sh',
        '',
      ],
    );
    const scripts = lineCounts(continued(written));
    const inserted = fc.array(line, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(place, inserted), { minLength: 1, maxLength: 4 }), (insertions) => {
        const edited = lines.flatMap((each, at) => [
          ...insertions.flatMap(([where, own]) => (where === at ? own : [])),
          each,
        ]);
        const after = lineCounts(continued(edited.join('\n')));
        const own = insertions.flatMap(([, each]) => each).filter((each) => each.trim() !== '');
        for (const each of own) {
          const wanted = (scripts.get(each) ?? 0) + own.filter((other) => other === each).length;
          assert.ok(
            (after.get(each) ?? 0) >= wanted,
            `${after.get(each)} instead of ${wanted} times ${each}`,
          );
        }
      }),
      { numRuns: 100 },
    );
  });
});

test('a report of version 2 in an earlier form is read, and nothing in it is taken for a person', async () => {
  const earlier = await readFile(join(import.meta.dirname, 'golden/earlier-version-2.md'));
  const { record, people } = readDocument(earlier, FILE);
  assert.deepEqual(record, sampleRecord);
  assert.deepEqual(people.remarks, []);
  // Reading puts the keys of an entry in the schema's order.
  const today = readDocument(Buffer.from(written, 'latin1'), FILE);
  assert.deepEqual(writeDocument({ record, people }, FILE), writeDocument(today, FILE));
});

describe('a report of version 1', () => {
  test('is read and continued, and nothing that the scripts wrote is taken for a person', () => {
    const { people } = readDocument(Buffer.from(version1, 'latin1'), FILE);
    assert.deepEqual(people.remarks, []);
    requireWhole(continued(version1));
  });

  const edits1: Record<string, [(text: string) => string, string]> = {
    notes: [(text) => `${text}seen by bob\n`, '-->\nseen by bob\n'],
    'notes in another case and level': [instead('## Notes', '### NOTES'), '### NOTES\n'],
    'notes with a colon': [
      instead(/## Notes[\s\S]*/, '## Notes:\n\nseen by bob\n'),
      '## Notes:\n\nseen by bob',
    ],
    'a section of their own': [
      before('## Steps\n', '## Operator notes\n\nslow\n\n'),
      '## Operator notes\n\nslow\n',
    ],
    'words behind ours': [instead('**no-go**:', '**no-go**: agreed'), '**no-go**: agreed'],
  };
  for (const [name, [edit, kept]] of Object.entries(edits1)) {
    test(`keeps ${name}`, () => {
      const text = continued(edit(version1));
      assert.ok(text.includes(kept), text);
      requireWhole(text);
    });
  }
});

test('a secret that a person pasted anywhere is taken out', async () => {
  const { Secret } = await import('@deploy/cli');
  const secret = new Secret('pasted-by-hand-4711');
  const text = continued(
    [
      before('## Steps\n', `token ${secret.reveal()}\n\n`),
      instead('version: 2', `version: 2 # ${secret.reveal()}`),
      (each: string) => `${each}\n${secret.reveal()}\n`,
    ].reduce((each, edit) => edit(each), written),
  );
  assert.ok(!text.includes(secret.reveal()));
  assert.equal(count(text, '<redacted>'), 3);
});

test('what is changed in a report that was read is not in it when it is read again', () => {
  const bytes = Buffer.from(written, 'latin1');
  const read = readDocument(bytes, FILE);
  read.record.steps = [];
  assert.deepEqual(readDocument(bytes, FILE).record, sampleRecord);
});

test('an edit is read, however small', () => {
  const [before, after] = [sampleRecord.host, 'x'.repeat(sampleRecord.host.length)];
  const hostOf = (text: string) => readDocument(Buffer.from(text, 'latin1'), FILE).record.host;
  assert.equal(hostOf(written), before);
  assert.equal(hostOf(written.replaceAll(before, after)), after);
});

test('conflict markers make a report unreadable, and say where', () => {
  const text = before('## Steps\n', '<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> other\n')(written);
  const line = text.slice(0, text.indexOf('<<<<<<<')).split('\n').length;
  assert.throws(
    () => readDocument(Buffer.from(text, 'latin1'), FILE),
    new RegExp(`conflict in line ${line}`),
  );
});

test('data that is there twice makes a report unreadable', () => {
  const [block = ''] = /```yaml staging[\s\S]*?\n```\n/.exec(written) ?? [];
  assert.throws(() => readDocument(Buffer.from(`${written}\n${block}`), FILE), /holds its data twice/);
});
