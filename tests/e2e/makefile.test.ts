import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot, runCommand } from '@deploy/cli';
import { cloudEnv, cloudWith, revisionNames, serving } from '../support/cloud.ts';
import { without } from '../support/needs.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { scriptNames } from '../support/script-names.ts';
import { type StandInTools, standInTools } from '../support/stand-in-tools.ts';

const makefile = join(projectRoot, 'Makefile');
const targets = [...readFileSync(makefile, 'utf8').matchAll(/^([a-z-]+):/gm)].map(
  ([, target]) => target ?? '',
);

/**
 * Starts this project's pnpm and says where it was called, as npx does. Npx itself takes four times as long as all that
 * it starts, most of it to read what is installed, so one test calls it.
 */
const QUICK_NPX = `[ "$1 $2" = '--yes pnpm@12' ] || exit 64
shift 2
INIT_CWD=$PWD exec '${join(projectRoot, 'node_modules/.bin/pnpm')}' "$@"`;

let tools: StandInTools;
before(async () => {
  tools = await standInTools({ npx: QUICK_NPX });
});
after(() => tools[Symbol.asyncDispose]());

/** Runs make as a person would, with variables after the target. */
async function make(
  args: readonly string[],
  { cwd = projectRoot, env = {}, npx = 'quick' as 'quick' | 'real' } = {},
) {
  const { PATH = '', HOME = '' } = process.env;
  const path = npx === 'real' ? PATH : [tools.folder, PATH].join(delimiter);
  return await runCommand(['make', '-f', makefile, ...args], { cwd, env: { PATH: path, HOME, ...env } });
}

describe('the Makefile', { skip: await without('make'), concurrency: 2 }, () => {
  test('tells every target it has', async () => {
    const { exitCode, stdout } = await make([]);
    assert.equal(exitCode, 0);
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
      targets,
    );
  });

  test('has a target for every script, and runs nothing that is not there', async () => {
    const { stdout } = await make(['-n', ...targets]);
    const called = [...stdout.matchAll(/scripts\/([a-z-]+)\.ts/g)].map(([, name]) => name ?? '');
    const commands = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).scripts;
    assert.deepEqual(
      [...new Set(called)].sort(),
      scriptNames.filter((name) => name !== 'rehearse'),
    );
    for (const [, command = ''] of stdout.matchAll(/pnpm@12 (?!tsx )(\S+)/g))
      assert.ok(commands[command], command);
  });

  test('finds the checkout that one stands in, with -C as well', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'checkout-'));
    await mkdir(join(folder.path, '.git'));
    // In no other checkout: this project may stand in one that has the service where it is by default.
    const SERVICE_DIR = 'services/of-nobody';
    await mkdir(join(folder.path, SERVICE_DIR), { recursive: true });
    const env = { PROJECT: 'p', DRY_RUN: '1', SKIP_VERIFY: '1', SERVICE_DIR, PWD: folder.path };
    const preflight = async (args: string[], cwd: string) =>
      (await make([...args, '-s', 'preflight'], { cwd, env })).stdout;
    const lost = /no checkout of the OpenAgents repository found/;
    assert.match(await preflight([], tmpdir()), lost);
    for (const args of [[], ['-C', projectRoot]])
      assert.doesNotMatch(await preflight(args, folder.path), lost, args.join(' '));
  });

  test('shifts traffic and takes it back on a real service, smoke-checks it, from any folder', async () => {
    await using cloud = await cloudWith();
    const env = { ...cloudEnv(cloud), EVIDENCE_REPORT: 'none' };
    const [stable = ''] = revisionNames(cloud);

    const deployed = await make(['canary-deploy', 'IMAGE=registry.example.com/openagents/control:two'], {
      env,
    });
    assert.equal(deployed.exitCode, 0, deployed.stderr);
    const canary = revisionNames(cloud)[1] ?? '';
    const shifted = await make(['-s', 'canary-shift', `STABLE=${stable}`, `CANARY=${canary}`, 'PERCENT=5'], {
      env,
      cwd: tmpdir(),
    });
    assert.match(shifted.stdout, /^\+ gcloud run services update-traffic control /);
    assert.deepEqual(serving(cloud), [`${stable}=95`, `${canary}=5`]);

    const back = await make(['rollback', `STABLE=${stable}`], { env });
    assert.equal(back.exitCode, 0, back.stderr);
    assert.deepEqual(serving(cloud), [`${stable}=100`]);

    const url = cloud.service('control').uri;
    const smoked = await make(['smoke', `OPENAGENTS_BASE_URL=${url}/`], { env });
    assert.equal(smoked.exitCode, 0, smoked.stderr);
    assert.match(smoked.stdout, new RegExp(`^ok: ${url}/healthz[^]*^ok: control-service smoke checks`, 'm'));
  });

  test('judges recorded windows and those that serve now; what is missing is told', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'make-judge-'));
    const file = join(folder.path, 'window.json');
    const minute = { stable: { requests: 100, errors: 0 }, canary: { requests: 100, errors: 0 } };
    await writeFile(
      file,
      JSON.stringify({ step: 50, steps: [50, 100], windowMinutes: 1, minutes: [minute] }),
    );
    const recorded = await make(['-s', 'judge', `FILE=${file}`]);
    assert.equal(recorded.exitCode, 0, recorded.stderr);
    assert.equal(JSON.parse(recorded.stdout).verdict, 'healthy');

    await using cloud = await cloudWith();
    const [only = ''] = revisionNames(cloud);
    const serving = await make(['-s', 'judge', `STABLE=${only}`, 'CANARY=control-00002-abc'], {
      env: cloudEnv(cloud),
    });
    assert.notEqual(serving.exitCode, 0);
    assert.match(serving.stderr, /^error: .*control-00002-abc/m);
    const missing = await make(['judge', `STABLE=${only}`]);
    assert.match(missing.stderr, /CANARY: must be the new revision/);
  });

  test('promotes the candidate that is named, or the newest one', async () => {
    const plan = ['-s', 'promote', 'DRY_RUN=1', 'PROJECT=p', 'SERVICE=s'];
    const named = await make([...plan, 'CANARY=s-00002-abc']);
    assert.match(
      named.stdout,
      /^\+ gcloud run services update-traffic s .* --update-tags candidate=s-00002-abc$/m,
    );
    const newest = await make(plan);
    assert.match(
      newest.stdout,
      /^\+ gcloud run services update-traffic s .* --update-tags candidate=<canary>$/m,
    );
  });

  test('a dry run of the maintenance window announces what it would do, and needs no registry', async () => {
    await using registry = await refusingAddress();
    await using home = await mkdtempDisposable(join(tmpdir(), 'home-'));
    const call = ['-s', 'maintenance-on', 'DRY_RUN=1', 'PROJECT=p', 'SERVICE=s'];
    const env = { HOME: home.path, npm_config_registry: registry.url };
    const { exitCode, stdout, stderr } = await make(call, { npx: 'real', env });
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^\+ gcloud run services update s --project p .*OA_MAINTENANCE_MODE_ENABLED=true/m);
  });

  test('what is missing is told, and a hostile value stays a value', async () => {
    const missing = await make(['rollback', 'DRY_RUN=1', 'PROJECT=p']);
    assert.notEqual(missing.exitCode, 0);
    assert.match(missing.stderr, /STABLE: must be the revision to go back to/);
    const hostile = await make(['rollback', 'DRY_RUN=1', 'PROJECT=p', 'STABLE=a"; echo pwned; "']);
    assert.match(hostile.stderr, /^error: <stable> is/m);
    assert.doesNotMatch(hostile.stdout, /^pwned/m);
  });
});
