import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Finding } from '@deploy/cli';
import { domainMapping, type Emulator } from '@deploy/emulator';
import { renderPreflight } from '@deploy/preflight';
import { readReport } from '@deploy/report';
import { type PreflightWorld, preflightWorld } from '../support/preflight-world.ts';
import { DOMAIN, NEW_IMAGE, SERVICE, staging } from '../support/staging.ts';

const REPORTS = 'apps/openagents.com/service/docs/reports';

const broken = (): Promise<Emulator> =>
  staging({
    env: { WORKOS_CLIENT_ID: undefined, OA_ROUTE_SPLIT_MODE: 'legacy' },
    domainMappings: [domainMapping({ domain: DOMAIN, service: SERVICE, certificate: 'pending' })],
  });

const revisions = ({ cloud }: PreflightWorld): number => cloud.revisions(SERVICE).length;

describe('preflight.ts', () => {
  test('passes where everything holds, in plain lines, one a finding', async () => {
    await using place = await preflightWorld(await staging());
    const run = await place.run('preflight');
    assert.equal(run.exitCode, 0, run.stderr);
    const lines = run.stdout.trimEnd().split('\n');
    assert.ok(
      lines.every((line) => /^\[(?:ok|note)\] [\w: ]+: /.test(line)),
      run.stdout,
    );
    assert.equal(run.stderr, '');
  });

  test('shows every finding, not only the first, and ends with 1 when one is an error', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('preflight', { IMAGE: `${NEW_IMAGE}-of-nobody` });
    assert.equal(run.exitCode, 1);
    for (const line of [
      /^\[error\] image: .* -> Set IMAGE to /m,
      /^\[error\] env: required: WORKOS_CLIENT_ID is not set/m,
      /^\[error\] env: required: OA_ROUTE_SPLIT_MODE is /m,
      /^\[warning\] domain mapping: .*CertificatePending.* -> .*OPENAGENTS_BASE_URL=http:/m,
      /^\[ok\] secrets: /m,
    ]) {
      assert.match(run.stdout, line);
    }
    assert.match(run.stderr, /^error: preflight found blocking problems: image, env: required$/m);
  });

  test('in GitHub Actions each finding is an annotation, and stdout is what it is elsewhere', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('preflight', { GITHUB_ACTIONS: 'true' });
    const annotations = run.stderr.split('\n').filter((line) => line.startsWith('::'));
    assert.match(
      annotations.join('\n'),
      /^::error title=preflight%3A env%3A required::WORKOS_CLIENT_ID is not set/m,
    );
    assert.match(
      annotations.join('\n'),
      /^::warning title=preflight%3A domain mapping::.*CertificatePending.*%0A.*OPENAGENTS_BASE_URL=http:/m,
    );
    const found = run.stdout.match(/^\[(?:error|warning)\] /gm) ?? [];
    // And one for the error that the script ends with.
    assert.equal(annotations.length, found.length + 1, run.stderr);
    assert.doesNotMatch(run.stdout, /::/);
  });

  test('as JSON it is one document, with what was learned', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('preflight', { PREFLIGHT_FORMAT: 'json' });
    const document = JSON.parse(run.stdout) as Record<string, unknown>;
    assert.equal(document.passed, false);
    assert.match(String(document.digest), /^sha256:[0-9a-f]{64}$/);
    assert.equal(document.baseUrl, place.cloud.service(SERVICE).uri);
    const findings = document.findings as { check: string; state: string }[];
    assert.ok(findings.some(({ check, state }) => check === 'domain mapping' && state === 'warning'));
  });

  test('as a table it fits the terminal, digests and all', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('preflight', { PREFLIGHT_FORMAT: 'table' });
    const lines = run.stdout.trimEnd().split('\n');
    assert.ok(lines.length > 10 && lines.every((line) => [...line].length <= 120), run.stdout);
    assert.match(run.stdout, /│ domain mapping +│ warning +│/);
  });

  test('at 80 columns it is a list that breaks no name and no command, each command on a line of its own', async () => {
    const command = `gcloud secrets versions add ${'a-long-name-'.repeat(8)} --data-file=-`;
    const path = `/home/${'somewhere/'.repeat(9)}report.md`;
    const findings: Finding[] = [
      { check: 'maintenance', state: 'note', found: `as ${path} says` },
      {
        ...{ check: 'secrets', state: 'error', found: 'secret x does not exist', command },
        advice: 'A revision that uses it does not start, whatever else there is. To add a version',
      },
    ];
    const shown = await renderPreflight({ findings }, 'auto', { isTTY: true, columns: 80 });
    assert.deepEqual(shown.split('\n'), [
      'error    secrets: secret x does not exist',
      '         -> A revision that uses it does not start, whatever else there is. To',
      '         add a version:',
      `         ${command}`,
      'note     maintenance: as',
      `         ${path}`,
      '         says',
    ]);
    const wide = await renderPreflight({ findings }, 'auto', { isTTY: true, columns: 120 });
    assert.ok(wide.includes(`\n  ${command}`), wide);
    const plain = await renderPreflight({ findings }, 'auto', {});
    assert.ok(plain.startsWith('[error] secrets: secret x does not exist -> A revision '), plain);
    assert.ok(plain.includes(`To add a version: ${command}\n`), plain);
  });

  test('in a dry run asks nothing of the cloud', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('preflight', { DRY_RUN: '1' });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(place.cloud.requests, []);
  });
});

describe('the preconditions as the first step of deploy-staging', () => {
  test('an error ends it before anything is built or changed, and leaves no report', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('deploy-staging');
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /^\[error\] env: required: WORKOS_CLIENT_ID is not set/m);
    assert.match(
      run.stderr,
      /^Nothing was deployed\. Each finding says how to fix it\.\nSKIP_PREFLIGHT=1 leaves these checks out\.$/m,
    );
    assert.doesNotMatch(run.stdout, /\[deploy\]/);
    assert.equal(revisions(place), 1);
    assert.ok(!existsSync(join(place.checkout.root, 'apps/openagents.com/web-shell/dist/sw.js')));
    assert.deepEqual(await reports(place), []);
  });

  test('a dry run does not check them, and does not look as though it had: it shows what does', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('deploy-staging', {
      ...{ DRY_RUN: '1', GITHUB_ACTIONS: 'true', SKIP_VERIFY: '1' },
      IMAGE: `${NEW_IMAGE}-of-nobody`,
    });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stderr, /^done: the web-shell build, and no gates$/m);
    assert.match(
      run.stderr,
      /^not done: the preconditions, .*:\n {2}.*IMAGE=\S+-of-nobody SKIP_VERIFY=1 .*scripts\/preflight\.ts$/m,
    );
    assert.match(run.stderr, /^dry run: nothing was changed, .* the real run may still be refused\n$/m);
    assert.deepEqual(place.cloud.requests, []);
  });

  test('a warning does not; digest, mapping and URL go into the report, which later steps go by', async () => {
    const certificate = domainMapping({ domain: DOMAIN, service: SERVICE, certificate: 'pending' });
    await using place = await preflightWorld(
      await staging({ domainMappings: [certificate], env: { OA_CONTROL_STATIC_DIR: '/app/web-shell/dist' } }),
    );
    const run = await place.run('deploy-staging', { SKIP_VERIFY: '1' });
    assert.equal(run.exitCode, 0, run.stderr);
    const { uri } = place.cloud.service(SERVICE);
    assert.ok(run.stdout.includes(`with OPENAGENTS_BASE_URL=${uri}`), run.stdout);
    // One "next" on both streams, and the command for it.
    assert.match(
      run.stdout,
      /Next: .* the canary runbook \(scripts\/canary-rollout\.ts promote \S+\), then run /,
    );
    assert.match(
      run.stderr,
      /^to give it all the traffic step by step:\n {2}.*canary-rollout\.ts promote \S+$/m,
    );
    assert.doesNotMatch(run.stderr, /^next/m);
    const [name = ''] = await reports(place);
    const path = join(place.checkout.root, REPORTS, name);
    const { image, domainMapping: mapping } = (await readReport(path)).record;
    assert.match(image.digest ?? '', /^sha256:[0-9a-f]{64}$/);
    assert.equal(mapping?.domain, 'staging.openagents.com');
    assert.match(mapping.state, /CertificatePending/);

    const smoke = await place.run('smoke-health', { EVIDENCE_REPORT: path });
    assert.equal(smoke.exitCode, 0, smoke.stderr);
    assert.ok(smoke.stdout.startsWith(`ok: ${uri}/healthz`), smoke.stdout);
  });

  test('a missing tool: the gates that can run are offered first', async () => {
    await using place = await preflightWorld(await staging());
    await place.tools.put(join(place.tools.folder, 'rustc'), 'echo "$0/nowhere"');
    const run = await place.run('deploy-staging');
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^Nothing was deployed\. .* GATES=cargo-test,sw-policy,perf-budget\nSKIP_PREFLIGHT=1 leaves these checks out\.$/m,
    );
  });

  test('an image without a registry is refused before anything is asked, also without the preflight', async () => {
    await using place = await preflightWorld(await staging());
    const run = await place.run('deploy-staging', { IMAGE: 'control:candidate', SKIP_PREFLIGHT: '1' });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: IMAGE is "control:candidate", which names no registry\nPut the registry in front: /m,
    );
    assert.deepEqual(place.cloud.requests, []);
  });

  test('SKIP_PREFLIGHT=1 leaves it out', async () => {
    await using place = await preflightWorld(await broken());
    const run = await place.run('deploy-staging', { SKIP_PREFLIGHT: '1', SKIP_VERIFY: '1' });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(revisions(place), 2);
  });
});

async function reports({ checkout }: PreflightWorld): Promise<string[]> {
  const folder = join(checkout.root, REPORTS);
  return existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('-report.md')) : [];
}
