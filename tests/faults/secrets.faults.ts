import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { domainMapping, type Emulator, startEmulator, type Trigger } from '@deploy/emulator';
import {
  DOMAIN,
  NEW_IMAGE,
  PROJECT,
  type SampleCheckout,
  SERVICE,
  STAGING,
  STAGING_SERVICE,
  sampleCheckout,
} from '@deploy/rehearsal/stage';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { type StandInTools, standInTools } from '../support/stand-in-tools.ts';
import { count } from './counts.ts';

/** What an operator may have exported, all of it at once. Each is known by its own word. */
const TOKENS: Readonly<Record<string, string>> = {
  CLOUDSDK_AUTH_ACCESS_TOKEN: 'ya29.canary-of-the-cloud-0123456789',
  OPENAGENTS_CONTROL_ACCESS_TOKEN: 'canary.of.the.control.access-0123456789',
  OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: 'canary-of-the-bypass-0123456789abcdef',
  MAINTENANCE_BYPASS_TOKEN: 'canary-of-the-bypass-0123456789abcdef',
  STAGING_CONTROL_ACCESS_TOKEN: 'canary.of.staging.access-0123456789',
  PROD_CONTROL_ACCESS_TOKEN: 'canary.of.production.access-0123456789',
};
const FORMS = [...new Set(Object.values(TOKENS))].flatMap((token) => [
  token,
  Buffer.from(token).toString('base64').replace(/=+$/, ''),
]);

/** What a process was seen with. */
type Seen = { commandLine: string; environment: string; isScript: boolean };

/** Looks at a process and all that it starts, every few milliseconds, for as long as it runs. */
function watch(pid: number): { seen: Map<string, Seen>; stop(): void } {
  const seen = new Map<string, Seen>();
  const own = commandLineOf(pid);
  const look = (each: number): void => {
    // Between fork and exec a child is its parent: that is told by its command line, which is read first.
    const commandLine = commandLineOf(each);
    const environment = read(`/proc/${each}/environ`);
    const isScript = each === pid || commandLine === own || commandLine === commandLineOf(pid);
    if (commandLine !== '') seen.set(`${each} ${commandLine}`, { commandLine, environment, isScript });
    for (const child of read(`/proc/${each}/task/${each}/children`).trim().split(' ').filter(Boolean)) {
      look(Number(child));
    }
  };
  const timer = setInterval(() => look(pid), 10);
  return { seen, stop: () => clearInterval(timer) };
}

function commandLineOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

function tokenIn(text: string): string | undefined {
  return FORMS.find((form) => text.includes(form));
}

describe('no token is anywhere but where it belongs', () => {
  let cloud: Emulator;
  let checkout: SampleCheckout;
  let tools: StandInTools;
  let home: string;
  let umask: number;
  const startedAt = Date.now();
  const processes: Seen[] = [];
  const outputs: string[] = [];

  before(async () => {
    // Whoever has such a mask relies on programs to say who may read and write what they make.
    umask = process.umask(0);
    cloud = await startEmulator({
      ...STAGING,
      reconcileMs: 30,
      services: [STAGING_SERVICE, { name: 'runtime', image: NEW_IMAGE }],
      jobs: [{ name: 'runtime-migrate', image: NEW_IMAGE, executions: [{}] }],
      domainMappings: [domainMapping({ domain: DOMAIN, service: SERVICE })],
      people: { [TOKENS.CLOUDSDK_AUTH_ACCESS_TOKEN ?? '']: 'operator@example.com' },
    });
    checkout = await sampleCheckout();
    tools = await standInTools({
      // What a build prints is shown, and kept in its cache.
      cargo: 'env; echo "stub cargo 1.0.0 $*"',
      rustc: 'echo /',
      'wasm-pack': 'exit 0',
      jq: 'exit 0',
    });
    home = await mkdtemp(join(tmpdir(), 'secrets-'));
    await mkdir(join(home, 'tmp'));
  });
  after(async () => {
    process.umask(umask);
    await Promise.all([
      cloud.close(),
      checkout[Symbol.asyncDispose](),
      tools[Symbol.asyncDispose](),
      rm(home, { recursive: true }),
    ]);
  });

  async function run(script: string, args: readonly string[] = [], env = {}): Promise<ScriptRun> {
    let watched: ReturnType<typeof watch> | undefined;
    const { uri } = cloud.service(SERVICE);
    const ended = await runScriptProcess(script, args, {
      cwd: checkout.root,
      pathFirst: [tools.folder],
      env: {
        HOME: home,
        TMPDIR: join(home, 'tmp'),
        CLOUD_RUN_EMULATOR_HOST: cloud.host,
        OPENAGENTS_REPO_ROOT: checkout.root,
        PROJECT,
        SERVICE,
        IMAGE: NEW_IMAGE,
        OPENAGENTS_BASE_URL: uri,
        STAGING_CONTROL_BASE_URL: uri,
        PROD_CONTROL_BASE_URL: uri,
        STAGING_RUNTIME_BASE_URL: uri,
        PROD_RUNTIME_BASE_URL: uri,
        CONTROL_SERVICE: SERVICE,
        MAINTENANCE_MOVE_TRAFFIC: '1',
        RUN_CROSS_SURFACE: '1',
        ...TOKENS,
        ...env,
      },
      onStart: ({ pid }) => {
        watched = watch(pid ?? 0);
      },
    });
    watched?.stop();
    processes.push(...(watched?.seen.values() ?? []));
    outputs.push(ended.stdout, ended.stderr);
    return ended;
  }

  const revisions = (): string[] =>
    cloud.revisions(SERVICE).map(({ name }) => name.slice(name.lastIndexOf('/') + 1));

  test('in a rollout with everything that belongs to it', async () => {
    const deployed = await run('deploy-staging');
    assert.equal(deployed.exitCode, 0, deployed.stdout + deployed.stderr);
    const [canary = '', stable = ''] = revisions();
    const shifted = await run('canary-rollout', ['set-traffic', stable, canary, '5']);
    assert.equal(shifted.exitCode, 0, shifted.stderr);
    await run('smoke-health');
    await run('smoke-control');
    await run('preflight');
    const opened = await run('maintenance-mode', ['enable']);
    assert.equal(opened.exitCode, 0, opened.stderr);
    const smoke = await run('smoke-control', [], { SMOKE_JUNIT: join(home, 'smoke.xml') });
    assert.match(smoke.stdout, /maintenance bypass bootstrap/);
    await run('validate-rust-cutover');
    await run('maintenance-mode', ['disable']);
    await run('canary-rollout', ['rollback', stable]);
  });

  const faults: readonly Trigger['fault'][] = [
    { kind: 'error', httpStatus: 403, status: 'PERMISSION_DENIED', message: Object.values(TOKENS).join(' ') },
    { kind: 'reset', when: 'after' },
    { kind: 'not-json', body: Object.values(TOKENS).join(' ') },
  ];
  for (const fault of faults) {
    test(`with a fault at every kind of call: ${fault.kind}`, async () => {
      const calls: [string, string[]][] = [
        ['preflight', []],
        ['maintenance-mode', ['enable']],
      ];
      for (const path of [/\/services\//, /\/secrets/]) {
        for (const [script, args] of calls) {
          cloud.on({ match: { path }, fault });
          // To look from outside takes its patience of half a minute when the window did not open.
          await run(script, args, { OPENAGENTS_BASE_URL: '' });
          cloud.clearTriggers();
        }
      }
    });
  }

  test('what was printed, on which command lines, in whose environment, in which file', async () => {
    for (const output of outputs) assert.equal(tokenIn(output), undefined, output);
    const children = processes.filter(({ isScript }) => !isScript);
    assert.ok(children.length > 20, `only ${children.length} children were seen`);
    for (const { commandLine } of processes) assert.equal(tokenIn(commandLine), undefined, commandLine);
    for (const { commandLine, environment } of children) {
      assert.equal(tokenIn(environment), undefined, `in the environment of: ${commandLine}`);
    }
    // Turbo keeps logs of what it ran, of this project and of the checkout.
    const cached = [
      '.turbo',
      'node_modules/.cache',
      'packages/gates/.turbo',
      'packages/gates/node_modules/.cache',
    ]
      .map((name) => join(projectRoot, name))
      .filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory());
    const files = [checkout.root, home, ...cached].flatMap(filesIn);
    for (const file of files) {
      if ((statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < startedAt) continue;
      assert.equal(tokenIn(read(file)), undefined, file);
    }
    count('runs with canary tokens', outputs.length / 2);
    count('processes looked at for tokens', processes.length);
    count('files looked at for tokens', files.length);
  });

  test('what the scripts wrote can be read by all and written by its owner, and nothing temporary is left', async () => {
    const reports = filesIn(join(checkout.root, 'apps/openagents.com/service/docs/reports'));
    const matrix = filesIn(join(checkout.root, 'docs/reports'));
    assert.ok(reports.length > 0 && matrix.length > 0);
    for (const file of [...reports, ...matrix, join(home, 'smoke.xml')]) {
      assert.equal((statSync(file).mode & 0o777).toString(8), '644', file);
    }
    assert.deepEqual(await readdir(join(home, 'tmp')), []);
  });
});
