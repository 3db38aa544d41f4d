import { type Environment, operatorEnvironment, Secret } from '@deploy/cli';

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY/i;
// Shorter ones are switches and such: redacting them would blank out ordinary words.
const SHORTEST_SECRET = 8;

/**
 * The environment for commands of the target checkout: the operator's, without the variables that are this project's
 * own secrets. Others that look like secrets may be what a command needs; what it prints of them is redacted.
 */
export function childEnvironment(env: Environment, ownSecrets: readonly string[]): Record<string, string> {
  const kept = Object.entries(operatorEnvironment(env)).filter(([name]) => !ownSecrets.includes(name));
  for (const [name, value] of kept) {
    // Known from now on to everything that redacts.
    if (SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET) new Secret(value);
  }
  return Object.fromEntries(kept);
}
