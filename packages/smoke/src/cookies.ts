import { Secret } from '@deploy/cli';

/** Cookies as a browser would keep them: by domain, path, Secure and expiry. */
export type Cookies = {
  store(setCookies: readonly string[]): Promise<void>;
  /** The Cookie header for a path below the base URL; nothing when no cookie goes there. */
  headerFor(path: string): Promise<Record<string, string>>;
};

// Shorter values are no signatures, and redacting a word such as `true` would garble what is shown.
const SIGNED_LENGTH = 16;

export async function openCookies(baseUrl: string): Promise<Cookies> {
  const { CookieJar } = await import('tough-cookie');
  // A Secure cookie from this machine itself is kept over plain http, as browsers and curl do.
  const jar = new CookieJar(undefined, { allowSecureOnLocal: true });
  return {
    async store(setCookies) {
      for (const setCookie of setCookies) {
        const cookie = await jar.setCookie(setCookie, `${baseUrl}/`, { ignoreError: true });
        // Whoever has a signed cookie is let in by it: from here on it is redacted like the token.
        if (cookie !== undefined && cookie.value.length >= SIGNED_LENGTH) new Secret(cookie.value);
      }
    },
    async headerFor(path) {
      const cookie = await jar.getCookieString(`${baseUrl}${path}`);
      return cookie === '' ? {} : { cookie };
    },
  };
}
