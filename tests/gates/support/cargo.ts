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
  await rename(join(folder, 'cargo'), join(folder, 'stand-in-for-cargo'));
  // Without the folder's name in it: what a cargo that is a script says is part of a fingerprint.
  await writeFile(
    join(folder, 'cargo'),
    `#!/bin/sh\n[ "$1" = metadata ] && exec '${stdout.trim()}' "$@"\nexec "\${0%/*}/stand-in-for-cargo" "$@"\n`,
  );
  await chmod(join(folder, 'cargo'), 0o755);
}
