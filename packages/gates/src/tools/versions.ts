import { existsSync } from 'node:fs';
import { cleanLine, type Environment, runCommand, type TargetCheckout } from '@deploy/cli';
import { uncachedEnvironment } from '../environment.ts';
import type { Tool } from './needs.ts';

/** Whether a tool is there, as a gate would find it, and its version as far as it tells. */
export type ToolState = { there: true; version: string | undefined } | { there: false; why: string };

const NOT_FOUND = 127;

/** Looks for a tool with the environment, and in the folder, that gates run with. */
export async function lookForTool(
  tool: Tool,
  checkout: TargetCheckout,
  env: Environment,
): Promise<ToolState> {
  const isTarget = tool === 'wasm32-unknown-unknown';
  const command = isTarget ? ['rustc', '--print', 'target-libdir', '--target', tool] : [tool, '--version'];
  const { exitCode, stdout, stderr } = await runCommand(command, {
    cwd: checkout.root,
    env: uncachedEnvironment(env),
  });
  if (exitCode === NOT_FOUND)
    return { there: false, why: isTarget ? 'is missing: there is no rustc' : 'is missing' };
  if (exitCode !== 0) return { there: false, why: `does not run: ${cleanLine(stderr, 200)}` };
  if (!isTarget) return { there: true, version: /\d+(?:\.\d+)+\S*/.exec(stdout)?.[0] };
  // rustc names the folder whether or not the target has been installed.
  return existsSync(stdout.trim())
    ? { there: true, version: undefined }
    : { there: false, why: 'is not installed' };
}
