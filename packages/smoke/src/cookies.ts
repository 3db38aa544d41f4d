import { REDACTED } from '@deploy/cli';

/** Cookies as a browser would keep them: by domain, path, Secure and expiry. */
export type Cookies = {
  store(setCookies: readonly string[]): Promise<void>;
  /** The Cookie header for a path below the base URL; empty when no cookie applies. */
  headerFor(path: string): Promise<Record<string, string>>;
  /**
   * Removes the values of signed cookies, which grant access, from text that the service sent. Do not use this for
   * other text: a cookie may also hold an ordinary word, such as the host's name.
   */
  hide(text: string): string;
};

// Shorter values are not signatures, and hiding a word such as `true` would garble the output.
const SIGNED_LENGTH = 16;

export async function openCookies(baseUrl: string): Promise<Cookies> {
  const { CookieJar } = await import('tough-cookie');
  // Accepts Secure cookies over plain http if they come from this machine, as browsers and curl do.
  const jar = new CookieJar(undefined, { allowSecureOnLocal: true });
  const signed = new Set<string>();
  return {
    async store(setCookies) {
      for (const setCookie of setCookies) {
        const cookie = await jar.setCookie(setCookie, `${baseUrl}/`, { ignoreError: true });
        if (cookie === undefined || cookie.value.length < SIGNED_LENGTH) continue;
        for (const form of [cookie.value, encodeURIComponent(cookie.value.toWellFormed())]) signed.add(form);
      }
    },
    async headerFor(path) {
      const cookie = await jar.getCookieString(`${baseUrl}${path}`);
      return cookie === '' ? {} : { cookie };
    },
    hide: (text) => [...signed].reduce((hidden, value) => hidden.replaceAll(value, REDACTED), text),
  };
}
