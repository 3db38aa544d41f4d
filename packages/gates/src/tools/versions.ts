import { existsSync } from 'node:fs';
import { COMMAND_NOT_FOUND, cleanLine, type Environment, runCommand, type TargetCheckout } from '@deploy/cli';
import { uncachedEnvironment } from '../environment.ts';
import type { Tool } from './needs.ts';

/** Whether a gate would find the tool, and the version if the tool prints one. */
export type ToolState = { there: true; version: string | undefined } | { there: false; why: string };

/** Looks for a tool in the environment and folder that gates run in. */
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
  if (exitCode === COMMAND_NOT_FOUND)
    return { there: false, why: isTarget ? 'is missing: there is no rustc' : 'is missing' };
  if (exitCode !== 0) return { there: false, why: `does not run: ${cleanLine(stderr, 200)}` };
  if (!isTarget) return { there: true, version: /\d+(?:\.\d+)+\S*/.exec(stdout)?.[0] };
  // rustc prints the target's folder even when the target is not installed, so only an existing folder counts.
  return existsSync(stdout.trim())
    ? { there: true, version: undefined }
    : { there: false, why: 'is not installed' };
}
