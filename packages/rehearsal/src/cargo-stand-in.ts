import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRustTools, type RustTools } from './rust-tools.ts';

export type CargoForRehearsal = {
  /** To be put in front of the PATH; undefined when the real cargo does everything. */
  folder: string | undefined;
  /** What is not the real thing, in plain words. */
  notice: string | undefined;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Sees to it that both cargo gates can run: with the real cargo as far as this machine has it, else with a stand-in. */
export async function prepareCargo(): Promise<CargoForRehearsal> {
  const tools = await findRustTools();
  if (tools.wasm) return { folder: undefined, notice: undefined, async [Symbol.asyncDispose]() {} };
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-cargo-'));
  for (const [name, text] of [
    ['cargo', cargoStandIn(tools)],
    ['rustc', rustcStandIn(folder)],
  ] as const) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  }
  return {
    folder,
    notice: noticeOf(tools),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function noticeOf({ cargo }: RustTools): string {
  return cargo
    ? 'This machine cannot compile for wasm32-unknown-unknown, so the wasm-check gate runs a STAND-IN that checks nothing. The cargo-test gate is real.'
    : 'This machine has no cargo, so the gates cargo-test and wasm-check, and the cargo checks of the matrix, run a STAND-IN that checks nothing.';
}

function cargoStandIn({ cargo }: RustTools): string {
  const say = `echo "(stand-in for: cargo $*)"`;
  const otherwise = cargo ? `PATH=\${PATH#"\${0%/*}:"} exec cargo "$@"` : say;
  return `#!/bin/sh
case " $* " in
  *" wasm32-unknown-unknown "*) ${say} ;;
  *) ${otherwise} ;;
esac
`;
}

/** Says that the target is installed, so that the preconditions hold; anything else the real one is asked. */
function rustcStandIn(folder: string): string {
  return `#!/bin/sh
case " $* " in
  *" target-libdir --target wasm32-unknown-unknown "*) echo '${folder}' ;;
  *) PATH=\${PATH#"\${0%/*}:"} exec rustc "$@" ;;
esac
`;
}
