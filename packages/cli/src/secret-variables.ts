import { redactGuess } from './secret.ts';
import type { Environment } from './settings.ts';
import { percentDecoded } from './url-text.ts';

const SECRET_NAME = /(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY)$/i;
// Shorter values are switches and the like. Redacting them would blank out ordinary words.
const SHORTEST_SECRET = 8;
// A single word, perhaps with a digit, is hardly a secret, and redacting it could break lines that callers read.
const ORDINARY_WORD = /^(?:[a-z]{1,12}|[A-Z][a-z]{1,11}|[A-Z]{1,12})\d?$/;
// A URL with a name or a password in it (https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1), also within a longer
// text. The pattern has only the last character of the scheme: with the whole scheme, matching would start anew at
// every letter of a long word, and take half a minute for a value of 100 kB.
const USERINFO = /(?<=[a-z0-9+.-]):\/\/([^/?#\s"'<>]+)@/gi;
// Keep these in the process's environment, where Google's library reads them to log in through another cloud
// (https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds).
const READ_LATER = /^AWS_/;

/**
 * The secret values in an environment: the value of each variable that has the name of a secret, unless it is too short
 * or too ordinary, and the password or token in a URL, whatever the variable's name.
 */
export function secretsAmong(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => [
    ...(SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET && !ORDINARY_WORD.test(value)
      ? [value]
      : []),
    ...[...value.matchAll(USERINFO)].flatMap(([, userinfo = '']) => credentialsIn(userinfo)),
  ]);
}

/** The password, both as written and decoded. A name without a password is a token, so it is secret too. */
function credentialsIn(userinfo: string): string[] {
  const [name = '', ...rest] = userinfo.split(':');
  const password = rest.join(':');
  const shown = password === '' ? (name.length >= SHORTEST_SECRET ? [name] : []) : [password];
  return shown.flatMap((text) => [text, percentDecoded(text)]);
}

/**
 * Returns a copy of an environment, and removes the variables with secret names from the original. Commands such as git
 * inherit the original and need none of them. From now on, output never shows a secret of this environment. That
 * includes secrets that the script does not read: a server may send one back, or a tool may find one elsewhere and
 * print it.
 */
export function takeSecretsOut(environment: Record<string, string | undefined>): Environment {
  const whole = { ...environment };
  for (const value of secretsAmong(whole)) redactGuess(value);
  for (const name of Object.keys(whole)) {
    if (SECRET_NAME.test(name) && !READ_LATER.test(name)) delete environment[name];
  }
  return whole;
}
