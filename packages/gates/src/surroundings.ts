import type { Environment, TargetCheckout } from '@deploy/cli';

/** What the body of a turbo task is told, in variables that turbo hands on; see turbo.json. */
export type GateSurroundings = {
  checkout: TargetCheckout;
  /** The gate's whole environment. */
  gateEnv: Record<string, string>;
  /** What turbo knows the gate's inputs by; empty when nothing is to be kept. */
  fingerprint: string;
  secretsPath: string;
  /** The machine, or the run in CI. */
  where: string;
};

/** Reads what `runTurbo` has put there. */
export function readSurroundings(env: Environment): GateSurroundings {
  const { GATES_CHECKOUT, GATES_ENVIRONMENT, GATES_FINGERPRINT = '', GATES_SECRETS, GATES_WHERE = '' } = env;
  if (GATES_CHECKOUT === undefined || GATES_ENVIRONMENT === undefined || GATES_SECRETS === undefined) {
    throw new Error('a gate is run by the deployment scripts, through turbo');
  }
  return {
    checkout: JSON.parse(GATES_CHECKOUT),
    gateEnv: JSON.parse(GATES_ENVIRONMENT),
    fingerprint: GATES_FINGERPRINT,
    secretsPath: GATES_SECRETS,
    where: GATES_WHERE,
  };
}
