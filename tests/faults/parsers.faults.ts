import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import {
  cleanLine,
  cleanText,
  commandLine,
  dropTrailingSlashes,
  readSettings,
  secretsAmong,
  UserError,
} from '@deploy/cli';
import {
  canaryActions,
  cloudSettings,
  parseCanaryCall,
  requireImage,
  requireLocation,
} from '@deploy/cloudrun';
import { checkMaintenanceValues, checkToken, maintenanceSettings } from '@deploy/cloudrun/maintenance';
import { parseImageReference } from '@deploy/cloudrun/registry';
import { parseOnly } from '@deploy/matrix';
import { readDocument } from '@deploy/report/document';
import { canonicalBaseUrl } from '@deploy/report/record';
import { controlSmokeSettings, requireBaseUrl } from '@deploy/smoke';
import { askedToWaitMs, entryCacheProbe, manifestProbe } from '@deploy/smoke/checks';
import fc from 'fast-check';
import { asCloudError } from '../../packages/cloudrun/src/google/cloud-error.ts';
import { LOCATION } from '../support/cloud.ts';
import { count } from './counts.ts';
import { hostileText, longTexts, NASTY } from './hostile-text.ts';

const INPUTS = 10_000;
const SEED = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31);
const LONGEST_MS = 2_000;
// A parser that is quadratic takes an hour for a megabyte, but seconds for these, which come first.
const LONG_TEXTS = [...longTexts(64 * 1024), ...longTexts(1024 * 1024, ['x'])];
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const NAME = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;

/** The same for every parser: it takes as long to make them as some parsers take to read them. */
const TEXTS = fc.sample(fc.tuple(hostileText, hostileText), { numRuns: INPUTS, seed: SEED });

/** Feeds a parser; it must give a value or a UserError whose words are clean, and soon. */
function feed(name: string, parse: (text: string, other: string) => void): void {
  let before = process.cpuUsage();
  const parseInTime = (text: string, other: string): void => {
    try {
      parse(text, other);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const shown = `${cleanLine(error.message, 2000)}${cleanText(error.hint ?? '')}`;
      assert.doesNotMatch(shown, CONTROL);
      assert.ok(error.exitCode === 1 || error.exitCode === 2);
    }
    // Time of this process's own: on a busy machine every parser takes long by the clock. It takes long to ask for, too.
    const after = process.cpuUsage();
    const took = (after.user - before.user) / 1000;
    before = after;
    if (took < LONGEST_MS) return;
    const what = `${text.length} and ${other.length} characters, from ${JSON.stringify(text.slice(0, 20))}`;
    assert.fail(`took ${took} ms for ${what}`);
  };
  test(`long texts: ${name}`, () => {
    before = process.cpuUsage();
    for (const text of LONG_TEXTS) {
      parseInTime(text, 'short');
      parseInTime('short', text);
    }
    count('long texts to parsers', 2 * LONG_TEXTS.length);
  });
  test(`${INPUTS} inputs: ${name}`, () => {
    before = process.cpuUsage();
    for (const texts of TEXTS) {
      try {
        parseInTime(...texts);
      } catch (error) {
        const shown = JSON.stringify(texts).slice(0, 300);
        throw new Error(`${error} for ${shown} (seed ${SEED})`, { cause: error });
      }
    }
    count('hostile inputs to parsers', INPUTS);
  });
}

describe(`no text makes a parser crash, hang, or accept what the platform would not (seed ${SEED})`, () => {
  feed('project, region and service', (text, other) => {
    const location = requireLocation({ project: text, region: other, service: text });
    assert.match(location.service, NAME);
    assert.doesNotMatch(location.project + location.region, /[\s/\\?#%;$`'"]/);
  });
  feed('image references', (text) => {
    requireImage(text, 'IMAGE');
    assert.match(text, /^[a-zA-Z0-9][\w./:@+-]*$/);
    const { host = '', repository } = parseImageReference(text);
    assert.doesNotMatch(host + repository, /\s/);
  });
  feed('calls of canary-rollout', (text, other) => {
    for (const action of canaryActions) {
      for (const args of [[], [text], [text, other, '5'], ['a', 'b', text]]) {
        try {
          const call = parseCanaryCall(action, args, 'control');
          if ('stable' in call) assert.match(call.stable, NAME);
          if ('canary' in call) assert.ok(call.canaryPercent >= 0 && call.canaryPercent <= 100);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          assert.equal(error.exitCode, 2);
        }
      }
    }
  });
  feed('the values of a maintenance window', (text, other) => {
    const values = checkMaintenanceValues({
      allowedPaths: `/readyz,${text}`,
      cookieName: 'bypass',
      cookieTtl: '60',
      secretName: other,
    });
    assert.doesNotMatch(values.allowedPaths + values.secretName, /[\s"<>\\^`{|}]/);
  });
  feed('bypass tokens', (text) => {
    const { token } = readSettings({ MAINTENANCE_BYPASS_TOKEN: text }, maintenanceSettings);
    if (token === undefined) return;
    checkToken(token);
    assert.match(text, /^[\w.~-]+$/);
  });
  feed('base URLs', (text, other) => {
    const url = requireBaseUrl(`http://${text}${other}`);
    assert.ok(URL.canParse(url) && !url.endsWith('/'));
  });
  feed('URLs that a report names', (text, other) => {
    assert.ok(!canonicalBaseUrl(text + other).endsWith('/'));
    assert.equal(dropTrailingSlashes(`${other}x///`), `${other}x`);
  });
  feed('the checks of a matrix', (text, other) => {
    assert.ok(parseOnly(`${text},control-prod-smoke,${other}`).size > 0);
  });
  feed('variables that nobody asked for', (text, other) => {
    secretsAmong({ EXTRA: text, MORE: `https://${other}@host` });
  });
  feed('settings', (text, other) => {
    for (const settings of [cloudSettings, maintenanceSettings, controlSmokeSettings]) {
      const names = Object.values(settings).map(({ name }) => name);
      readSettings(Object.fromEntries(names.map((name, i) => [name, i % 2 ? text : other])), settings);
    }
  });
  feed('manifests', (text, other) => {
    for (const body of [text, JSON.stringify({ manifestVersion: text, entry: { js: other } })]) {
      const answer = { status: 200, headers: { 'retry-after': text }, setCookies: [], body };
      manifestProbe.judge(answer);
      assert.ok(askedToWaitMs(answer, 0) >= 0);
      const path = safely(() => entryCacheProbe(answer)?.request.path);
      if (path !== undefined) assert.match(path, /^\/[\x21-\x7e]*$/);
    }
  });
  feed('messages of the API', (text) => {
    const error = Object.assign(new Error(text), { code: 13 });
    const shown = asCloudError({ doing: 'reading', location: LOCATION }, error);
    assert.doesNotMatch(shown.message, CONTROL);
    assert.doesNotMatch(shown.message, /\n/);
    assert.ok(shown.message.length < 1000);
  });
  feed('evidence reports', (text, other) => {
    // The YAML parser takes 2 s for 50,000 quotation marks: not quadratic, but too long for this many.
    const yaml = text.length > 300_000 ? text : text.slice(0, 5_000);
    safely(() => readDocument(Buffer.from(text), 'report.md'));
    safely(() => readDocument(Buffer.from(`---\nversion: 1\n---\n# notes${text}`), 'report.md'));
    readDocument(Buffer.from(`---\n${yaml}\n---\n${other}`), 'report.md');
  });
  test('what a command line shows is, typed into a shell, the words that it was made of', () => {
    const words = [...TEXTS.map(([text]) => text), ...NASTY, '', '-n'].filter(
      (word) => word.length < 10_000 && !word.includes('\u0000') && word.isWellFormed(),
    );
    const script = `set -- ${commandLine([], words)}\nfor word; do printf '%s\\0' "$word"; done`;
    const printed = execFileSync('sh', { input: script, encoding: 'utf8', maxBuffer: 2 ** 28 });
    assert.deepEqual(printed.split('\u0000').slice(0, -1), words);
    count('words given to a shell', words.length);
  });
  feed('texts that are shown', (text) => {
    assert.doesNotMatch(cleanText(text), CONTROL);
    assert.doesNotMatch(cleanLine(text), /[\r\n]/);
  });
});

function safely<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
