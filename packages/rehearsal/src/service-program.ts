import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Environment, type Output, stopAlong, UserError } from '@deploy/cli';
import type { ContainerProgram, Emulator } from '@deploy/emulator';
import { $ } from 'zx/core';
import type { RehearsalRequest } from './command-line.ts';
import { keptEnvironment } from './environment.ts';
import { SERVICE } from './staging.ts';

const WEB_SHELL = 'apps/openagents.com/web-shell';
/** Where the image has the web shell: apps/openagents.com/Dockerfile. */
const IN_IMAGE = '/app/web-shell/dist';

type Around = {
  checkout: string;
  /** In front of the PATH; undefined when nothing needs to stand there. */
  toolFolder: string | undefined;
  env: Environment;
  out: Output;
};

export type ServiceProgram = {
  program: ContainerProgram;
  /** Throws a UserError with the program's last words unless a revision of it serves. */
  requireServing(emulator: Emulator): void;
} & AsyncDisposable;

const LAST_WORDS = 10;

/**
 * The program that a request names as the control service, with what its image would bring: the checkout's web shell,
 * built once before anything is deployed. Undefined when the stand-in serves.
 */
export async function programFor(
  { service, cwd }: Pick<RehearsalRequest, 'service' | 'cwd'>,
  { checkout, toolFolder, env, out }: Around,
): Promise<ServiceProgram | undefined> {
  if (service === undefined) return undefined;
  const environment = keptEnvironment(env);
  await buildWebShell(checkout, out, {
    ...environment,
    PATH: [toolFolder, env.PATH].filter((part) => part !== undefined).join(delimiter),
  });
  // A copy, as in an image: the deployment builds the web shell anew while the first revision serves.
  const image = await mkdtemp(join(tmpdir(), 'rehearsal-image-'));
  const dist = join(image, 'dist');
  await cp(join(checkout, WEB_SHELL, 'dist'), dist, { recursive: true });
  const output: string[] = [];
  const onOutput = (text: string): void => {
    output.push(text);
    if (output.length > LAST_WORDS) output.shift();
  };
  return {
    program: { command: service, cwd, environment, paths: { [IN_IMAGE]: dist }, onOutput },
    requireServing(emulator) {
      const { latestReadyRevision, terminalCondition } = emulator.service(SERVICE);
      if (latestReadyRevision !== undefined) return;
      for (const line of output) out.note(line);
      throw new UserError(`'${service}' does not serve: ${terminalCondition.message}`, {
        hint: `Start it by hand, in ${cwd}, with OA_CONTROL_BIND_ADDR=127.0.0.1:8080, and see whether it listens there.`,
      });
    },
    [Symbol.asyncDispose]: () => rm(image, { recursive: true, force: true }),
  };
}

async function buildWebShell(checkout: string, out: Output, env: Record<string, string>): Promise<void> {
  const command = `${WEB_SHELL}/build-dist.sh`;
  out.data(`The service's image brings the web shell: $ ${command}`);
  const child = $({
    cwd: checkout,
    env,
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`sh ${command}`;
  using stopping = stopAlong(child);
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  const { exitCode } = await child;
  stopping.throwIfStopped('while the web shell was built', 'Nothing of it is left on this machine.');
  if (exitCode !== 0) {
    throw new UserError(`${command} failed (exit ${exitCode})`, {
      hint: 'Without --service a stand-in serves, which needs no web shell.',
    });
  }
}
