import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { sampleRecord } from '../report/sample-record.ts';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { without } from '../support/needs.ts';
import { runOnTerminal } from '../support/on-terminal.ts';
import { putReport } from '../support/report-file.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

const world = (percent: number) =>
  cloudWith({
    secrets: { 'openagents-control-maintenance-bypass-token': 'sesame-0123456789abcdef' },
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:stable`,
        laterImages: [`${IMAGES}:canary`],
        traffic: [
          { revision: 1, percent },
          ...(percent < 100 ? [{ revision: 2, percent: 100 - percent, tag: 'candidate' }] : []),
        ],
      },
    ],
  });

/** The status on a terminal, without its YAML, and each of its lines. */
async function screenOf(
  cloud: Cloud,
  columns = 80,
  env: Record<string, string> = {},
): Promise<{ yaml: string; lines: string[] }> {
  const { exitCode, shown } = await runOnTerminal(
    [process.execPath, ...COMPILE_CACHE, 'scripts/canary-rollout.ts', 'status'],
    { ...cloudEnv(cloud), ...env },
    undefined,
    columns,
  );
  assert.equal(exitCode, 0, shown);
  const text = stripVTControlCharacters(shown).replaceAll('\r', '');
  const at = text.indexOf(`\n${SERVICE} in us-central1`);
  return { yaml: text.slice(0, at), lines: text.slice(at + 1).split('\n') };
}

const command = (cloud: Cloud, call: string) =>
  new RegExp(
    `^ {2}CLOUD_RUN_EMULATOR_HOST=${cloud.host} PROJECT=openagentsgemini REGION=us-central1 SERVICE=control .*tsx scripts/${call}$`,
    'm',
  );

describe('canary-rollout status', { skip: await without('a pseudo-terminal'), concurrency: true }, () => {
  test('shows a person each revision with its role, and the next command; its YAML stays as it is', async () => {
    await using cloud = await world(100);
    const [stable = '', canary = ''] = revisionNames(cloud);
    const { yaml, lines } = await screenOf(cloud);
    const screen = lines.join('\n');
    assert.match(screen, /^revision {3,}traffic {2}role {2,}image {2,}digest {2,}age/m);
    // Whole names, because commands take no others.
    const row = (revision: string, cells: string) => new RegExp(`^${revision} {2,}${cells}`, 'm');
    assert.match(screen, row(stable, '100 % {2,}stable {2,}stable {2,}[0-9a-f]{12} {2,}\\d+ (?:s|min)$'));
    assert.match(screen, row(canary, '0 % {2,}canary, newest {2,}canary {2,}[0-9a-f]{12} '));
    assert.match(screen, /^maintenance window: closed$/m);
    assert.match(screen, command(cloud, `canary-rollout\\.ts promote ${canary}`));
    assert.ok(
      lines.every((line) => line.length <= 80 || line.startsWith('  CLOUD_RUN')),
      screen,
    );

    const piped = await runScript('canary-rollout', ['status'], { env: cloudEnv(cloud) });
    assert.equal(piped.stderr, '');
    assert.equal(yaml.trimEnd(), piped.stdout.trimEnd());
    assert.ok(piped.stdout.includes(stable));
  });

  test('of a split made by hand: the next percent, and the way back', async () => {
    await using cloud = await world(95);
    const [stable = '', canary = ''] = revisionNames(cloud);
    // Wide enough for rows of revisions that are not seconds old: on a busy machine, they are older.
    const screen = (await screenOf(cloud, 100)).lines.join('\n');
    assert.match(screen, /^control-00002-\S+ {2,}5 % {2,}canary, newest .* candidate$/m);
    assert.match(
      screen,
      new RegExp(`^ {2}.*OPENAGENTS_BASE_URL=${cloud.service(SERVICE).uri} .*smoke-control\\.ts$`, 'm'),
    );
    assert.match(screen, command(cloud, `canary-rollout\\.ts set-traffic ${stable} ${canary} 25`));
    assert.match(screen, command(cloud, `canary-rollout\\.ts rollback ${stable}`));
  });

  test('after 100 %, the health smoke comes first until it has been run, because the report asks for it', async () => {
    await using cloud = await world(95);
    const [stable = '', canary = ''] = revisionNames(cloud);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'status-'));
    const baseUrl = cloud.service(SERVICE).uri;
    const report = await putReport(folder.path, 'staging', {
      ...{ ...sampleRecord, service: SERVICE, baseUrls: [baseUrl] },
      ...{ revisions: { before: stable, after: canary }, stable },
      ...{ steps: [], trafficBefore: [], trafficChanges: [], smokes: [], maintenance: [], promotions: [] },
    });
    const env = { EVIDENCE_REPORT: report };
    const run = async (script: string, ...args: string[]) => {
      const ended = await runScript(script, args, { env: { ...cloudEnv(cloud), ...env } });
      assert.equal(ended.exitCode, 0, ended.stderr);
      return ended.stderr;
    };
    const smoke = (name: string) =>
      new RegExp(`^next, to check what serves:\\n {2}.*OPENAGENTS_BASE_URL=${baseUrl} .*/${name}\\.ts$`, 'm');
    const screen = async () => (await screenOf(cloud, 80, env)).lines.join('\n');
    assert.match(await run('canary-rollout', 'set-traffic', stable, canary, '100'), smoke('smoke-health'));
    assert.match(await screen(), smoke('smoke-health'));
    const again = () => run('canary-rollout', 'set-traffic', stable, canary, '100');
    assert.match(await again(), smoke('smoke-health'));
    await run('smoke-health');
    assert.match(await screen(), smoke('smoke-control'));
    assert.match(
      await again(),
      smoke('smoke-control'),
      'nothing was shifted, so the health smoke still holds',
    );
  });

  test('in a window: since when, by whom, what closing it goes back to; names and percents are whole on a narrow screen', async () => {
    await using cloud = await world(95);
    const enabled = await runScript('maintenance-mode', ['enable'], {
      env: { ...cloudEnv(cloud), MAINTENANCE_MOVE_TRAFFIC: '1' },
    });
    assert.equal(enabled.exitCode, 0, enabled.stderr);
    assert.match(
      enabled.stderr,
      /^with a browser: http\S+\/\?maintenance_bypass=<token> sets a cookie .* 900 s/m,
    );
    assert.match(enabled.stderr, command(cloud, 'maintenance-mode\\.ts disable'));
    const screen = (await screenOf(cloud, 40)).lines.join('\n');
    assert.match(screen, /^control-0000\d-\S+ {2}100 % {2}window$/m);
    assert.match(screen, /^control-00001-\S+ {2}0 % {2}stable$/m);
    assert.match(screen, /^maintenance window: OPEN, for \d+ (?:s|min)$/m);
    assert.match(screen, /^ {2}since 20\S+Z, by operator@example\.com$/m);
    assert.match(screen, /^ {2}closing it goes back to 00001-\S+=95 00002-\S+=5$/m);
    assert.match(screen, command(cloud, 'maintenance-mode\\.ts disable'));
  });

  test('of the maintenance window: whether it is open comes first, in front of the YAML', async () => {
    await using cloud = await world(100);
    const script = [process.execPath, ...COMPILE_CACHE, 'scripts/maintenance-mode.ts', 'status'];
    const { shown } = await runOnTerminal(script, cloudEnv(cloud));
    assert.match(
      stripVTControlCharacters(shown).replaceAll('\r', ''),
      /^\+ gcloud .*\nmaintenance mode of control is off\n(?:spec|status):\n/,
    );
  });

  test('a dry run ends with a line that says so, a mistyped action with the one that was meant', async () => {
    const env = { PROJECT: 'p', DRY_RUN: '1' };
    const script = [process.execPath, ...COMPILE_CACHE, 'scripts/canary-rollout.ts'];
    const dry = await runOnTerminal([...script, 'rollback', 'control-00001-abc'], env);
    assert.match(
      stripVTControlCharacters(dry.shown),
      /^dry run: nothing was changed, and nothing in the cloud was read: the real run may still be refused\r?\n$/m,
    );
    const slip = await runOnTerminal([...script, 'stauts'], env);
    assert.equal(slip.exitCode, 2);
    assert.match(
      stripVTControlCharacters(slip.shown).replaceAll('\r', ''),
      /^error: there is no action "stauts"\nDid you mean: status\nTo see all actions: .*tsx scripts\/canary-rollout\.ts --help\n$/,
    );
  });
});
