/** Cookies as a browser would keep them: by domain, path, Secure and expiry. */
export type Cookies = {
  store(setCookies: readonly string[]): Promise<void>;
  /** The Cookie header for a path below the base URL; nothing when no cookie goes there. */
  headerFor(path: string): Promise<Record<string, string>>;
};

export async function openCookies(baseUrl: string): Promise<Cookies> {
  const { CookieJar } = await import('tough-cookie');
  // A Secure cookie from this machine itself is kept over plain http, as browsers and curl do.
  const jar = new CookieJar(undefined, { allowSecureOnLocal: true });
  return {
    async store(setCookies) {
      for (const cookie of setCookies) await jar.setCookie(cookie, `${baseUrl}/`, { ignoreError: true });
    },
    async headerFor(path) {
      const cookie = await jar.getCookieString(`${baseUrl}${path}`);
      return cookie === '' ? {} : { cookie };
    },
  };
}
