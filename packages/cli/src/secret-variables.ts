import { Secret } from './secret.ts';
import type { Environment } from './settings.ts';

const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY)$/i;
// Shorter ones are switches and such: redacting them would blank out ordinary words.
const SHORTEST_SECRET = 8;
// What Google's library reads by itself, for a login through another cloud
// (https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds).
const READ_LATER = /^AWS_/;

/** The values of variables that are secrets by their names, but for such as are too short to be one. */
export function secretsAmong(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) =>
    SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET ? [value] : [],
  );
}

/**
 * Gives the environment as it is, and takes what is a secret by its name out of it: a command that simply inherits it, such
 * as git, needs none. Whether or not the script reads such a variable, its value is shown nowhere from now on: a server may
 * send it back, and a tool may have it from elsewhere and print it.
 */
export function takeSecretsOut(environment: Record<string, string | undefined>): Environment {
  const whole = { ...environment };
  for (const value of secretsAmong(whole)) new Secret(value);
  for (const name of Object.keys(whole)) {
    if (SECRET_NAME.test(name) && !READ_LATER.test(name)) delete environment[name];
  }
  return whole;
}
