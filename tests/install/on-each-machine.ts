// Installs from the lockfile for each kind of machine in turn and looks at the programs that came: `npx pnpm@12
// test:platforms`. It asks the registry for what this machine has not fetched yet, so it is no part of `pnpm test`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, open, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { type Machine, machines, nameOf } from './machines.ts';
import { pretending } from './pretending.ts';

const run = promisify(execFile);

/** The packages that must have brought a program for the machine, and what it is called. */
const programs = [
  ['@biomejs/cli-', 'biome'],
  ['@esbuild/', 'esbuild'],
  ['@pnpm/exe.', 'pnpm'],
  ['@turbo/', 'turbo'],
  ['@typescript/typescript-', 'tsc'],
] as const;

/** The kind of machine that an executable is for, by its first bytes: ELF, Mach-O or PE. */
async function builtFor(file: string): Promise<string> {
  await using handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  if (buffer.readUInt32BE(0) === 0x7f454c46) {
    return `linux ${{ 62: 'x64', 183: 'arm64' }[buffer.readUInt16LE(18)]}`;
  }
  if (buffer.readUInt32LE(0) === 0xfeedfacf) {
    return `darwin ${{ 16777223: 'x64', 16777228: 'arm64' }[buffer.readUInt32LE(4)]}`;
  }
  const header = buffer.readUInt16BE(0) === 0x4d5a ? buffer.readUInt32LE(0x3c) : 0;
  return `win32 ${{ 34404: 'x64', 43620: 'arm64' }[buffer.readUInt16LE(header + 4)]}`;
}

/** The program of a package whose name begins so; there must be one such package. */
async function programOf(folder: string, prefix: string, program: string, machine: Machine): Promise<string> {
  const store = join(folder, 'node_modules/.pnpm');
  const entries = (await readdir(store)).filter((each) => each.startsWith(prefix.replace('/', '+')));
  assert.equal(entries.length, 1, `${prefix}: ${entries.join(', ')}`);
  const files = await readdir(join(store, entries[0] ?? ''), { recursive: true, withFileTypes: true });
  const wanted = machine.os === 'win32' ? `${program}.exe` : program;
  const found = files.find((file) => file.isFile() && file.name === wanted);
  assert.ok(found, `${entries[0]} has no ${wanted}`);
  return join(found.parentPath, found.name);
}

async function installFor(machine: Machine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'install-'));
  try {
    const { stdout } = await run('git', [
      '-C',
      projectRoot,
      'ls-files',
      '--cached',
      '--others',
      '-z',
      '--exclude-standard',
    ]);
    const needed = stdout
      .split('\0')
      .filter((file) => /(?:^|\/)package\.json$|^pnpm-|^\.pnpmfile|^scripts\/install\//.test(file));
    for (const file of needed) await cp(join(projectRoot, file), join(folder, file));

    const kind = [
      '--os',
      machine.os,
      '--cpu',
      machine.cpu,
      ...('libc' in machine ? ['--libc', machine.libc] : []),
    ];
    const rest = ['--frozen-lockfile', '--ignore-scripts', '--config.side-effects-cache=false'];
    await run(join(projectRoot, 'node_modules/.bin/pnpm'), ['install', ...kind, ...rest], { cwd: folder });

    const expected = `${machine.os} ${machine.cpu}`;
    for (const [prefix, program] of programs) {
      const file = await programOf(folder, prefix, program, machine);
      assert.equal(await builtFor(file), expected, file);
    }
    // The only install script that runs: it must find what it links into place.
    const pnpm = await realpath(join(folder, 'node_modules/pnpm'));
    await run(process.execPath, ['--import', pretending(machine), join(pnpm, 'install.js')], { cwd: pnpm });
    assert.equal(await builtFor(join(pnpm, 'pnpm')), expected, 'pnpm');

    const nodes = (await readdir(join(folder, 'node_modules'))).filter((name) => name.startsWith('node-'));
    if ('libc' in machine && machine.libc === 'musl') return assert.deepEqual(nodes, []);
    assert.equal(nodes.length, 1, nodes.join(', '));
    const node = join(
      folder,
      'node_modules',
      nodes[0] ?? '',
      'bin',
      machine.os === 'win32' ? 'node.exe' : 'node',
    );
    assert.equal(await builtFor(node), expected, 'node');
    if (machine.os !== 'win32')
      assert.equal(await realpath(join(folder, 'node_modules/.bin/node')), await realpath(node));
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const machine of machines) {
  await installFor(machine);
  console.log(`ok  ${nameOf(machine)}`);
}
