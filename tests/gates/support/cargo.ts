import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@deploy/cli';
import { prepareCargo } from '@deploy/rehearsal/stage';

/** This machine's cargo, or a stand-in that compiles nothing; what the machine lacks of Rust is stood in for. */
export async function cargoFor(which: 'real' | 'stand-in'): ReturnType<typeof prepareCargo> {
  if (which === 'real') return prepareCargo();
  const cargo = await prepareCargo({ cargo: false, wasm: false });
  if (cargo.folder !== undefined) await askRealCargo(cargo.folder);
  return cargo;
}

/**
 * Has the machine's own cargo say which crates there are, where there is one: a gate asks three times, and it is
 * quicker.
 */
async function askRealCargo(folder: string): Promise<void> {
  const { exitCode, stdout } = await runCommand(['sh', '-c', 'command -v cargo']);
  if (exitCode !== 0) return;
  const standIn = join(folder, 'stand-in-for-cargo');
  await rename(join(folder, 'cargo'), standIn);
  await writeFile(
    join(folder, 'cargo'),
    `#!/bin/sh\n[ "$1" = metadata ] && exec '${stdout.trim()}' "$@"\nexec '${standIn}' "$@"\n`,
  );
  await chmod(join(folder, 'cargo'), 0o755);
}
