import { runCommand, type TargetCheckout } from '@deploy/cli';
import type { Tool } from '../tools/needs.ts';
import { lookForTool } from '../tools/versions.ts';
import { InputsUnknown } from './unknown.ts';

/**
 * What tools say of themselves, in the checkout, where a toolchain file may choose them. Of cargo it is the compiler
 * that counts, down to its commit and the machine it compiles on.
 */
export async function toolVersions(
  tools: readonly Tool[],
  checkout: TargetCheckout,
  gateEnv: Record<string, string>,
): Promise<ReadonlyMap<Tool, string>> {
  const versions = await Promise.all(tools.map(async (tool) => [tool, await versionOf(tool)] as const));
  return new Map(versions);

  async function versionOf(tool: Tool): Promise<string> {
    if (tool !== 'cargo') {
      const state = await lookForTool(tool, checkout, gateEnv);
      return state.there ? (state.version ?? 'there') : 'missing';
    }
    const { exitCode, stdout } = await runCommand(['rustc', '-vV'], { cwd: checkout.root, env: gateEnv });
    if (exitCode !== 0) throw new InputsUnknown('rustc -vV fails');
    return stdout.trim();
  }
}
