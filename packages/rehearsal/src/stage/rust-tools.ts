import { existsSync } from 'node:fs';
import { runCommand } from '@deploy/cli';

/** Whether this machine has cargo, and whether that cargo can compile for WebAssembly. */
export type RustTools = { cargo: boolean; wasm: boolean };

export async function findRustTools(): Promise<RustTools> {
  const cargo = await runCommand(['cargo', '--version']);
  const library = await runCommand([
    'rustc',
    '--print',
    'target-libdir',
    '--target',
    'wasm32-unknown-unknown',
  ]);
  return {
    cargo: cargo.exitCode === 0,
    wasm: cargo.exitCode === 0 && library.exitCode === 0 && existsSync(library.stdout.trim()),
  };
}
