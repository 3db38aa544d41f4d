import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { recordedService } from '../support/recorded-service.ts';
import { recordingsOf } from '../support/recordings.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { standInTools } from '../support/stand-in-tools.ts';

const byText = (things: readonly unknown[]): string[] => things.map((each) => JSON.stringify(each)).sort();

describe('the recorded runs of validate-rust-cutover', () => {
  const recordings = recordingsOf('validate-rust-cutover');
  test('there are 2 of them', () => assert.equal(recordings.length, 2));

  for (const { id, script, args, env, scenario, observed } of recordings) {
    test(id, async (t) => {
      await using service = await recordedService(scenario ?? {});
      await using checkout = await sampleCheckout();
      await using tools = await standInTools({ cargo: 'echo "stub cargo $*"' });
      const folder = await mkdtemp(join(tmpdir(), 'matrix-'));
      t.after(() => rm(folder, { recursive: true }));
      const withPlaces = (text: string): string =>
        text
          .replaceAll('<BASE>', service.url)
          .replaceAll('<OUT>', folder)
          .replaceAll('<REPO>', checkout.root);
      const ownEnv = Object.entries(env).map(([name, value]) => [name, withPlaces(value)]);
      const run = await runScriptProcess(script, args, {
        env: { ...Object.fromEntries(ownEnv), OPENAGENTS_REPO_ROOT: checkout.root },
        pathFirst: [tools.folder],
      });

      assert.equal(run.exitCode, observed.exit, run.stderr);
      assert.equal(run.stdout, withPlaces(observed.stdout));
      // Ours says what is wrong; the shell script left that to its files.
      assert.match(
        run.stderr,
        /^error: the matrix has not passed \(.*6 required checks skipped\)\n.*SUMMARY\.md\n$/,
      );
      assert.deepEqual(await tools.calls(), JSON.parse(withPlaces(JSON.stringify(observed.calls))));
      assert.deepEqual(byText(service.seen), byText(observed.http ?? []));

      const summary = readFileSync(join(folder, 'SUMMARY.md'), 'utf8');
      const [head = ''] = summary.split('## Check Results');
      assert.match(head, /^- Timestamp \(UTC\): \d{8}T\d{6}Z$/m);
      assert.equal(
        head.replace(/(?<=Timestamp \(UTC\): ).*/, '<TS>'),
        withPlaces(observed.files?.['SUMMARY.md'] ?? ''),
      );
      assert.match(summary, /^\| Check \| Required \| Status \| Description \| Log \|$/m);
      assert.match(summary, /^## Commands$/m);
      assert.equal(
        withoutProse(readFileSync(join(folder, 'results.tsv'), 'utf8')),
        withPlaces(observed.files?.['results.tsv'] ?? ''),
      );
      const logs = readdirSync(join(folder, 'logs')).map((name) => `logs/${name}`);
      assert.deepEqual(logs.sort(), observed.logs);
    });
  }
});

/** The table with its fourth and last column as the recordings have them: only named. */
function withoutProse(tsv: string): string {
  const [header, ...rows] = tsv.trimEnd().split('\n');
  const named = rows.map((row) => {
    const [id, required, status, description, log, command] = row.split('\t');
    assert.ok(description && command, row);
    return [id, required, status, '<description>', log, '<command or reason>'].join('\t');
  });
  return `${[header, ...named].join('\n')}\n`;
}
