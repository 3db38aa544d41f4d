import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DocumentSplitter, judgeRecording, readRecording } from '@deploy/canary';
import type { Observation } from '@deploy/canary/verdict';
import { defaultLimits } from '../support/limits.ts';
import { times } from './sample-minutes.ts';

const LEAST_PER_SECOND = 5000;
const LINES = 4000;

function side(requests: number, errors: number): Observation {
  return {
    requests,
    errors,
    latency: {
      boundsMs: [10, 20, 40, 80, 160, 320, 640, 1280],
      counts: [0, requests - 3, 3, 0, 0, 0, 0, 0, 0],
    },
    signIn: { requests: 3, failures: 0 },
    syncToken: { requests: 5, failures: 1 },
    pages: 40,
    routeDecisions: 40,
  };
}

const document = {
  ...{ steps: [5, 25, 50, 100], step: 5, windowMinutes: 10, affinity: true },
  minutes: times(10, { stable: side(114, 1), canary: side(60, 1) }),
};

// Processor time, not the clock: others may be using the machine.
test(`10 minutes with every signal: at least ${LEAST_PER_SECOND} verdicts in a second of processor time`, () => {
  const line = `${JSON.stringify(document)}\n`;
  const rates = times(4, undefined).map(() => {
    const splitter = new DocumentSplitter();
    const before = process.cpuUsage();
    let length = 0;
    for (let i = 0; i < LINES; i++) {
      for (const each of splitter.push(line)) {
        assert.ok('value' in each);
        length += JSON.stringify(judgeRecording(readRecording(each.value, defaultLimits))).length;
      }
    }
    const { user, system } = process.cpuUsage(before);
    assert.ok(length > LINES * 500);
    return LINES / ((user + system) / 1e6);
  });
  assert.ok(Math.max(...rates) >= LEAST_PER_SECOND, `${rates.map(Math.round)}`);
  console.log(`verdicts a second: ${rates.map(Math.round).join(', ')}`);
});
