import { delimiter, join, relative } from 'node:path';
import { type Environment, projectRoot, type TargetCheckout } from '@deploy/cli';

/** What a gate's process gets: where to run, and its whole environment. Travels through turbo in two variables. */
export type GateSurroundings = { checkout: TargetCheckout; env: Record<string, string> };

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY/i;
const OURS = /^(?:npm_|pnpm_|turbo_|gates_)/i;

/**
 * The environment for gates: the operator's, so that whatever steers a build does, without secrets, which no gate
 * needs, and without what pnpm and turbo put in. On the PATH, this project's own tools go last: a gate runs with the
 * `node` that the operator has, and with ours only where there is none.
 */
export function gateEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || SECRET_NAME.test(name) || OURS.test(name) ? [] : [[name, value] as const],
  );
  const path = (env.PATH ?? '').split(delimiter).filter((folder) => !isOwnBin(folder));
  return { ...Object.fromEntries(kept), PATH: [...path, ownBin].join(delimiter) };
}

/** The environment for turbo itself, which finds pnpm and Node among this project's own tools. */
export function turboEnvironment(env: Environment, checkout: TargetCheckout): Record<string, string> {
  return {
    PATH: [ownBin, env.PATH ?? ''].join(delimiter),
    HOME: env.HOME ?? '',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    GATES_CHECKOUT: JSON.stringify(checkout),
    GATES_ENVIRONMENT: JSON.stringify(gateEnvironment(env)),
  };
}

/** Reads back what `turboEnvironment` wrote. */
export function readSurroundings(env: Environment): GateSurroundings {
  if (env.GATES_CHECKOUT === undefined || env.GATES_ENVIRONMENT === undefined) {
    throw new Error('a gate is run by the deployment scripts, through turbo');
  }
  return { checkout: JSON.parse(env.GATES_CHECKOUT), env: JSON.parse(env.GATES_ENVIRONMENT) };
}

const ownBin = join(projectRoot, 'node_modules/.bin');

function isOwnBin(folder: string): boolean {
  const inside = relative(projectRoot, folder);
  return inside !== '' && !inside.startsWith('..') && inside.includes('node_modules');
}
