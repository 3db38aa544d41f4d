import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot, runCommand } from '@deploy/cli';
import { findRustTools } from '@deploy/rehearsal/stage';
import { cachingCheckout } from '../../gates/support/caching-checkout.ts';
import { addManyFiles } from '../../gates/support/many-files.ts';
import { compare, processOf, timeProcess } from '../measure.ts';
import { asRatio, type Measured, type Row } from '../row.ts';
import { emptyProgram, script } from '../scripts.ts';

const CACHED_AT_MOST = 2;
const FINGERPRINTS_AT_MOST = 3;
const FILES = 20_000;

export const gateRows: Row[] = [
  {
    id: 'gates-cached',
    what: '`gates.ts` with every verdict cached, whole process, against `tsx` of the registry on an empty file and then `turbo run` of four empty cached tasks',
    target: `at most ${CACHED_AT_MOST}x`,
    measure: (pairs) => withRust(() => allCached(pairs)),
  },
  {
    id: 'fingerprints',
    what: `\`gates.ts --explain\` without turbo's part: fingerprints of four gates on a checkout of ${FILES} files, against \`git status\` there`,
    target: `at most ${FINGERPRINTS_AT_MOST}x`,
    measure: (pairs) => withRust(() => fingerprints(pairs)),
  },
];

async function withRust(measure: () => Promise<Measured>): Promise<Measured> {
  if ((await findRustTools()).wasm) return measure();
  return { skipped: true, why: 'there is no cargo that checks for WebAssembly' };
}

async function allCached(pairs: number): Promise<Measured> {
  await using checkout = await cachingCheckout();
  await using empty = await emptyTasks();
  await checkout.run();
  const env = Object.fromEntries(Object.entries(checkout.env).flatMap(([k, v]) => (v ? [[k, v]] : [])));
  const ours = script('gates', [], { ...env, OPENAGENTS_REPO_ROOT: checkout.root });
  await using program = await emptyProgram();
  const both = async (): Promise<number> =>
    (await timeProcess(program.command)) + (await timeProcess(empty.command));
  return asRatio(await compare({ time: processOf(ours), atMost: CACHED_AT_MOST }, both, pairs));
}

async function fingerprints(pairs: number): Promise<Measured> {
  await using checkout = await cachingCheckout();
  await addManyFiles(checkout, FILES);
  const ours = async (): Promise<number> => {
    const startedAt = performance.now();
    await checkout.fingerprints();
    return performance.now() - startedAt;
  };
  const status = { run: ['git', 'status', '--porcelain'] as const, cwd: checkout.root };
  return asRatio(await compare({ time: ours, atMost: FINGERPRINTS_AT_MOST }, processOf(status), pairs));
}

/** A workspace with a package of four tasks that do nothing, all of them in turbo's cache. */
async function emptyTasks() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-turbo-'));
  const tasks = ['one', 'two', 'three', 'four'];
  const bin = join(projectRoot, 'node_modules/.bin');
  const files = {
    'package.json': { name: 'bench', private: true, packageManager: 'pnpm@12.0.0' },
    'turbo.json': { tasks: Object.fromEntries(tasks.map((task) => [task, {}])) },
    'packages/empty/package.json': {
      name: 'empty',
      scripts: Object.fromEntries(tasks.map((task) => [task, 'true'])),
    },
  };
  await mkdir(join(folder, 'packages/empty'), { recursive: true });
  await writeFile(join(folder, 'pnpm-workspace.yaml'), 'packages: [packages/*]\npmOnFail: ignore\n');
  await writeFile(join(folder, '.gitignore'), 'node_modules\n.turbo\n');
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: process.env.HOME ?? '',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  };
  for (const command of [
    ['git', 'init', '-q'],
    ['pnpm', 'install', '--offline'],
    ['git', 'add', '-A'],
  ]) {
    const { exitCode, stdout, stderr } = await runCommand(command, { cwd: folder, env });
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stdout}${stderr}`);
  }
  return {
    command: { run: ['turbo', 'run', ...tasks] as const, cwd: folder, env },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
