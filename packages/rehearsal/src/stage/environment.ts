import { delimiter, join } from 'node:path';
import type { Environment } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import type { CargoForRehearsal } from './cargo-stand-in.ts';
import { PROJECT, SERVICE } from './staging.ts';

// What a shell and cargo need; the address that a gate measures, which people change when its port is taken; and where
// gates look for their locks, so that a rehearsal and a real run of the same person do not measure at the same time.
// Nothing else is passed on, so that a rehearsal cannot reach a real project, however the person's shell is set up.
const KEPT = [
  /^(?:PATH|HOME|USER|LANG|LC_.*|TERM|TMPDIR|CI|NO_COLOR|FORCE_COLOR)$/,
  /^(?:CARGO_.*|RUSTUP_.*|RUSTFLAGS)$/,
  /^(?:OA_CONTROL_BIND_ADDR|XDG_RUNTIME_DIR|XDG_CACHE_HOME)$/,
];

/** The part of a person's environment that the rehearsal passes on to programs. */
export function keptEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && KEPT.some((names) => names.test(name)) ? [[name, value] as const] : [],
  );
  return Object.fromEntries(kept);
}

/** The environment of the rehearsal's commands: that of an operator, but pointed at the local Cloud Run. */
export function childEnvironment(
  env: Environment,
  {
    emulator,
    checkout,
    cargo,
  }: { emulator: Emulator; checkout: string; cargo: Pick<CargoForRehearsal, 'folder' | 'env'> },
): Record<string, string> {
  return {
    ...keptEnvironment(env),
    ...cargo.env,
    PATH: [cargo.folder, env.PATH].filter((part) => part !== undefined).join(delimiter),
    CLOUD_RUN_EMULATOR_HOST: emulator.host,
    PROJECT,
    SERVICE,
    OPENAGENTS_REPO_ROOT: checkout,
    // A new cache, so that verdicts of earlier rehearsals do not count.
    TURBO_CACHE_DIR: join(checkout, 'target/turbo'),
  };
}
