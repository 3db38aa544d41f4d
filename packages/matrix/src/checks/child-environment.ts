import { type Environment, operatorEnvironment } from '@deploy/cli';

/**
 * The environment for commands of the target checkout: the operator's, without the variables that are this project's
 * own. Others that look like secrets may be what a command needs; what it prints of them is redacted, like
 * everything of the environment that is a secret by its name.
 */
export function childEnvironment(env: Environment, own: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(operatorEnvironment(env)).filter(([name]) => !own.includes(name)));
}
