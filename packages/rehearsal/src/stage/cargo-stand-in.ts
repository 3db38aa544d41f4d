import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@deploy/cli';

/** Whether this machine has cargo, and whether that cargo can compile for WebAssembly. */
type RustTools = { cargo: boolean; wasm: boolean };

export type CargoForRehearsal = {
  /** A folder to put first on the PATH; undefined when no tool is replaced. */
  folder: string | undefined;
  /** Variables to add for the gates. */
  env: Readonly<Record<string, string>>;
  /** Tells the person which tools are stand-ins. */
  notice: string | undefined;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Lets both cargo gates run on any machine. Where only the WebAssembly library is missing, wasm-check compiles for this
 * machine instead, and every other gate is real. Where cargo is missing, a stand-in that checks nothing replaces it.
 */
export async function prepareCargo(tools?: RustTools): Promise<CargoForRehearsal> {
  const found = tools ?? (await findRustTools());
  if (found.wasm) return { folder: undefined, env: {}, notice: undefined, async [Symbol.asyncDispose]() {} };
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-cargo-'));
  const put = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
    return join(folder, name);
  };
  const { stdout: compiler } = await runCommand(['sh', '-c', 'command -v rustc']);
  await put('rustc', found.cargo ? rustcWithoutLibrary(folder, compiler.trim()) : noRustc(folder));
  const env: Record<string, string> = {};
  if (found.cargo) env.RUSTC_WRAPPER = await put('compile-for-this-machine', FOR_THIS_MACHINE);
  else await put('cargo', NO_CARGO);
  return {
    folder,
    env,
    notice: found.cargo ? WITHOUT_WASM : WITHOUT_CARGO,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

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

const WITHOUT_WASM =
  'This machine cannot compile for wasm32-unknown-unknown, so the wasm-check gate is a STAND-IN: it compiles the web shell for this machine instead. The other three gates are real.';
const WITHOUT_CARGO =
  'This machine has no cargo, so the gates cargo-test and wasm-check, and the cargo checks of the matrix, run a STAND-IN that checks nothing. The gates sw-policy and perf-budget are real.';

/**
 * A rustc that claims to have the WebAssembly target, so that the preflight passes. The real rustc does everything
 * else.
 */
const rustcWithoutLibrary = (folder: string, compiler: string): string => `#!/bin/sh
case " $* " in
  *" target-libdir --target wasm32-unknown-unknown "*) echo '${folder}' ;;
  *) exec '${compiler}' "$@" ;;
esac
`;

/**
 * A wrapper that cargo calls with the compiler and its arguments. It leaves out `--target wasm32-unknown-unknown`, so
 * that the compiler compiles for this machine.
 */
const FOR_THIS_MACHINE = `#!/bin/sh
compiler=$1
shift
left=$#
while [ "$left" -gt 0 ]; do
  argument=$1
  shift
  left=$((left - 1))
  if [ "$argument" = --target ] && [ "$1" = wasm32-unknown-unknown ]; then
    shift
    left=$((left - 1))
  else
    set -- "$@" "$argument"
  fi
done
exec "$compiler" "$@"
`;

const noRustc = (folder: string): string => `#!/bin/sh
case " $* " in
  *" target-libdir "*) echo '${folder}' ;;
  *) echo 'rustc 0.0.0 (stand-in)' ;;
esac
`;

const NO_CARGO = `#!/bin/sh
case $1 in
  metadata) exec '${process.execPath}' '${join(import.meta.dirname, 'stand-in-metadata.mjs')}' ;;
  --version) echo 'cargo 0.0.0 (stand-in)' ;;
  *)
    # The gates cache a verdict only when cargo left dep-info files. These name the crates' own sources.
    mkdir -p target/debug/deps
    for crate in service web-shell; do
      echo "apps/openagents.com/$crate/src/lib.rs:" > "target/debug/deps/stand_in_$crate.d"
    done
    echo "(stand-in for: cargo $*)" ;;
esac
`;
