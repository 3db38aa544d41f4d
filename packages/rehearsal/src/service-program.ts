import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Environment, type Output, stopAlong, tellIfInterrupted, UserError } from '@deploy/cli';
import type { ContainerProgram, Emulator } from '@deploy/emulator';
import { $ } from 'zx/core';
import type { RehearsalRequest } from './command-line.ts';
import { keptEnvironment } from './stage/environment.ts';
import { SERVICE } from './stage/staging.ts';

const WEB_SHELL = 'apps/openagents.com/web-shell';
/** Where the image has the web shell, as apps/openagents.com/Dockerfile says. */
const IN_IMAGE = '/app/web-shell/dist';

type ProgramSetup = {
  checkout: string;
  /** A folder to put first on the PATH; undefined when none is needed. */
  toolFolder: string | undefined;
  env: Environment;
  out: Output;
  signal: AbortSignal;
};

export type ServiceProgram = {
  program: ContainerProgram;
  /** Unless a revision that runs the program is ready, shows the program's last output and throws a UserError. */
  requireServing(emulator: Emulator): void;
} & AsyncDisposable;

const LAST_CHUNKS = 10;

/**
 * Prepares the program that `--service` names. A real image contains the web shell, so the checkout's web shell is
 * built once, before anything is deployed. Undefined without `--service`.
 */
export async function programFor(
  { service, cwd }: Pick<RehearsalRequest, 'service' | 'cwd'>,
  { checkout, toolFolder, env, out, signal }: ProgramSetup,
): Promise<ServiceProgram | undefined> {
  if (service === undefined) return undefined;
  const environment = keptEnvironment(env);
  const buildEnv = {
    ...environment,
    PATH: [toolFolder, env.PATH].filter((part) => part !== undefined).join(delimiter),
  };
  const notice = { message: 'while the web shell was being built', hint: 'Its build was stopped.' };
  await tellIfInterrupted(signal, notice, () => buildWebShell(checkout, { out, env: buildEnv, signal }));
  // The first revision must go on serving the old web shell while the deployment rebuilds it in the checkout. So the
  // program gets a copy, just as a real image contains one.
  const image = await mkdtemp(join(tmpdir(), 'rehearsal-image-'));
  const dist = join(image, 'dist');
  await cp(join(checkout, WEB_SHELL, 'dist'), dist, { recursive: true });
  const output: string[] = [];
  const onOutput = (text: string): void => {
    output.push(text);
    if (output.length > LAST_CHUNKS) output.shift();
  };
  return {
    program: { command: service, cwd, environment, paths: { [IN_IMAGE]: dist }, onOutput },
    requireServing(emulator) {
      const { latestReadyRevision, terminalCondition } = emulator.service(SERVICE);
      if (latestReadyRevision !== undefined) return;
      for (const line of output) out.note(line);
      throw new UserError(`'${service}' does not start: ${terminalCondition.message}`, {
        hint: `Start it by hand, in ${cwd}, with OA_CONTROL_BIND_ADDR=127.0.0.1:8080, and check that it listens there.`,
      });
    },
    [Symbol.asyncDispose]: () => rm(image, { recursive: true, force: true }),
  };
}

async function buildWebShell(
  checkout: string,
  { out, env, signal }: { out: Output; env: Record<string, string>; signal: AbortSignal },
): Promise<void> {
  const command = `${WEB_SHELL}/build-dist.sh`;
  out.data(`The service's image contains the web shell, so it is built first: $ ${command}`);
  const child = $({
    cwd: checkout,
    env,
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`sh ${command}`;
  using _ = stopAlong(child, signal);
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  const { exitCode } = await child;
  signal.throwIfAborted();
  if (exitCode !== 0) {
    throw new UserError(`${command} failed (exit ${exitCode})`, {
      hint: 'Leave out --service to use the stand-in, which needs no web shell.',
    });
  }
}
