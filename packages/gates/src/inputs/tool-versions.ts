import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, type TargetCheckout } from '@deploy/cli';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import type { Tool } from '../tools/needs.ts';
import { lookForTool } from '../tools/versions.ts';
import { findProgram } from './programs.ts';

/**
 * The versions of the tools that a gate calls. Each tool is looked up in the root of the checkout and in the web shell,
 * because a file in either may select another version. For cargo, this is the version of the compiler, with its commit
 * and host, and the content of `cargo` if it is a script. Throws InputsUnknown when cargo is missing.
 */
export async function toolVersions(
  tools: readonly Tool[],
  checkout: TargetCheckout,
  gateEnv: Record<string, string>,
): Promise<ReadonlyMap<Tool, string>> {
  const webShell = { ...checkout, root: join(checkout.root, checkout.webShellDir) };
  const versions = await Promise.all(
    tools.map(async (tool) => {
      if (tool === 'cargo') return [tool, await compilerVersion()] as const;
      const [inRoot, inWebShell] = await Promise.all([versionOf(tool, checkout), versionOf(tool, webShell)]);
      return [tool, inRoot === inWebShell ? inRoot : `${inRoot}, in the web shell ${inWebShell}`] as const;
    }),
  );
  return new Map(versions);

  async function versionOf(tool: Tool, place: TargetCheckout): Promise<string> {
    const state = await lookForTool(tool, place, gateEnv);
    return state.there ? (state.version ?? 'there') : 'missing';
  }

  async function compilerVersion(): Promise<string> {
    const cargo = findProgram('cargo', checkout.root, gateEnv);
    if (cargo === undefined) throw new InputsUnknown('there is no cargo');
    const [compiler, text] = await Promise.all([
      runCommand(['rustc', '-vV'], { cwd: checkout.root, env: gateEnv }),
      readFile(cargo),
    ]);
    if (compiler.exitCode !== 0) throw new InputsUnknown('rustc -vV fails');
    const isScript = text.subarray(0, 2).toString('latin1') === '#!';
    return compiler.stdout.trim() + (isScript ? `\ncargo: a script, ${hash('sha256', text)}` : '');
  }
}
