import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '@deploy/cli';
import { nobodysText, readDocument, writeDocument } from '@deploy/report/document';
import fc from 'fast-check';
import { sampleRecord } from '../report/sample-record.ts';
import { count } from './counts.ts';
import { hostileText, longTexts, NASTY } from './hostile-text.ts';

// A process of its own: beside the parsers, thousands of hostile secrets would be looked for in every report, where a
// run has a handful.

const SEED = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31);
const LONGEST_MS = 4_000;
const LONG_TEXTS = [...longTexts(64 * 1024), ...longTexts(1024 * 1024, ['x'])];
const REPORT = writeDocument({ record: sampleRecord, people: nobodysText }, 'report.md');

test(`whatever a person writes around the data of an evidence report is read and written again soon (seed ${SEED})`, () => {
  const texts = [...LONG_TEXTS, ...fc.sample(hostileText, { numRuns: 200, seed: SEED }), ...NASTY];
  for (const text of texts) {
    const before = process.cpuUsage();
    safely(() => {
      const bytes = Buffer.concat([Buffer.from(`${text}\n`), REPORT, Buffer.from(text)]);
      const { people } = readDocument(bytes, 'report.md');
      writeDocument({ record: sampleRecord, people }, 'report.md');
    });
    const took = process.cpuUsage(before).user / 1000;
    assert.ok(
      took < LONGEST_MS,
      `took ${took} ms for ${text.length} of ${JSON.stringify(text.slice(0, 20))}`,
    );
  }
  count('hostile inputs to parsers', texts.length);
});

function safely(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}
