import assert from 'node:assert/strict';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { startEmulator } from '@deploy/emulator';
import { applyScenario, readScenario, SERVICE, STAGING } from '@deploy/rehearsal/stage';

const SAMPLE = join(projectRoot, 'packages/rehearsal/scenarios/sample.yaml');

async function scenarioOf(text: string) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'scenario-'));
  const file = join(folder.path, 'scenario.yaml');
  await writeFile(file, text);
  return await readScenario(file);
}

test('the sample scenario is one, every line of it has its comment, and a local Cloud Run starts with it', async () => {
  const options = applyScenario(await readScenario(SAMPLE), STAGING);
  assert.equal(options.clockSpeed, 10);
  await using cloud = await startEmulator(options);
  assert.equal((await fetch(cloud.service(SERVICE).uri)).status, 200);
  const lines = (await readFile(SAMPLE, 'utf8')).split('\n');
  const bare = lines.filter((line, i) => {
    const isSetting = /^\s+[a-zA-Z]+: \S/.test(line);
    // A group of settings that belong together shares the comment above it.
    const above = lines.slice(0, i).findLastIndex((each) => /^\s*#/.test(each));
    return isSetting && (above < 0 || lines.slice(above, i).some((each) => each.trim() === ''));
  });
  assert.deepEqual(bare, []);
});

test('images without a path are tags of the control service, and variables go beside those of staging', async () => {
  const scenario = await scenarioOf(
    `images: {candidate: {start: never-ready, errorPercent: 5}}\nservices: {${SERVICE}: {env: {A: b}, load: 5/s}, other: {}}`,
  );
  const options = applyScenario(scenario, STAGING);
  const image = 'us-central1-docker.pkg.dev/openagentsgemini/openagents-control-service/control:candidate';
  assert.deepEqual(options.imageFaults, { [image]: { errorPercent: 5 } });
  assert.deepEqual(options.images, { [image]: 'never-ready' });
  const [staging, other] = options.services ?? [];
  assert.partialDeepStrictEqual(staging, {
    env: { A: 'b', OA_AUTH_PROVIDER_MODE: 'workos' },
    load: { perMinute: 300 },
  });
  assert.partialDeepStrictEqual(other, { name: 'other' });
  assert.deepEqual(await scenarioOf(''), {});
});

describe('a scenario is refused, with where and why, for', () => {
  const rows: [name: string, text: string, why: RegExp][] = [
    ['an unknown name', 'clok: 1', /there is no setting clok$/],
    [
      'an unknown name further in',
      'images: {a: {errorPercnt: 1}}',
      /there is no setting images\.a\.errorPercnt$/,
    ],
    ['a share above 100', 'images: {a: {errorPercent: 101}}', /images\.a\.errorPercent: /],
    ['a time without a unit', 'logs: {delay: 5}', /logs\.delay: must be a duration such as/],
    ['a rate that is none', 'services: {a: {load: fast}}', /services\.a\.load: must be a rate/],
    ['a clock that stands still', 'clock: 0', /clock: /],
    ['broken YAML', 'a: [', /scenario\.yaml: \S/],
    ['a list', '- 1', /there is no setting 0$/],
  ];
  for (const [name, text, why] of rows) {
    test(name, () => assert.rejects(scenarioOf(text), { name: 'UserError', exitCode: 2, message: why }));
  }
});
