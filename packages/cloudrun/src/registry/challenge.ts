/** Where a registry says that a token is to be had: https://distribution.github.io/distribution/spec/auth/token/ */
export type Challenge = { realm: string; parameters: Readonly<Record<string, string>> };

// The patterns below take a time that grows with the square of the length.
const LONGEST = 4096;

/** Reads a `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`; undefined when it asks for something else. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > LONGEST) return undefined;
  const [, rest] = /^\s*Bearer\s+(.*)$/i.exec(header) ?? [];
  if (rest === undefined) return undefined;
  const pairs = [...rest.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(
    ([, name = '', value = '']) => [name.toLowerCase(), value] as const,
  );
  const { realm, ...parameters } = Object.fromEntries(pairs) as Record<string, string>;
  return realm !== undefined && /^https?:$/.test(protocolOf(realm)) ? { realm, parameters } : undefined;
}

/** The URL that gives a token for what was asked. */
export function tokenUrl({ realm, parameters }: Challenge): string {
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = parameters[name];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}
