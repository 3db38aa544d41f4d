import { redactGuess } from './secret.ts';
import type { Environment } from './settings.ts';

const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY)$/i;
// Shorter ones are switches and such: redacting them would blank out ordinary words.
const SHORTEST_SECRET = 8;
// A word, or one with a number: nobody means to keep that secret, and lines that callers read may hold it.
const ORDINARY_WORD = /^(?:[a-z]{1,12}|[A-Z][a-z]{1,11}|[A-Z]{1,12})\d?$/;
// A URL with a name or a password in it (https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1), also inside a longer text.
const USERINFO = /[a-z][a-z0-9+.-]*:\/\/([^/?#\s"'<>]+)@/gi;
// What Google's library reads by itself, for a login through another cloud
// (https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds).
const READ_LATER = /^AWS_/;

/**
 * The values that are secrets by where they stand: in variables with the name of a secret, but for such as are too short
 * or too ordinary to be one, and in the user part of URLs, in whatever variable.
 */
export function secretsAmong(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => [
    ...(SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET && !ORDINARY_WORD.test(value)
      ? [value]
      : []),
    ...[...value.matchAll(USERINFO)].flatMap(([, userinfo = '']) => credentialsIn(userinfo)),
  ]);
}

/** The password, as it stands and decoded; the name too where there is no password, since it is a token then. */
function credentialsIn(userinfo: string): string[] {
  const [name = '', ...rest] = userinfo.split(':');
  const password = rest.join(':');
  const shown = password === '' ? (name.length >= SHORTEST_SECRET ? [name] : []) : [password];
  return shown.flatMap((text) => [text, decoded(text)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Gives the environment as it is, and takes what is a secret by its name out of it: a command that simply inherits it, such
 * as git, needs none. Whether or not the script reads such a variable, its value is shown nowhere from now on: a server may
 * send it back, and a tool may have it from elsewhere and print it.
 */
export function takeSecretsOut(environment: Record<string, string | undefined>): Environment {
  const whole = { ...environment };
  for (const value of secretsAmong(whole)) redactGuess(value);
  for (const name of Object.keys(whole)) {
    if (SECRET_NAME.test(name) && !READ_LATER.test(name)) delete environment[name];
  }
  return whole;
}
