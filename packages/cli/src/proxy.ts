import { isIPv6 } from 'node:net';
import { UserError } from './errors.ts';
import { isExempt } from './no-proxy.ts';
import { Secret } from './secret.ts';
import type { Environment } from './settings.ts';
import { percentDecoded } from './url-text.ts';

/** A proxy that is set in one of the environment variables that curl reads. */
export type ProxyServer = {
  /** The variable that names the proxy, such as `HTTPS_PROXY`. */
  variable: string;
  /**
   * The protocol between us and the proxy. With `socks4` and `socks5` we resolve host names ourselves; otherwise the
   * proxy does.
   */
  protocol: ProxyProtocol;
  /** A host name or an address; IPv6 without brackets. */
  host: string;
  port: number;
  login: { user: string; password: Secret } | undefined;
  /** The proxy's URL without its login, for messages. */
  shown: string;
};

const protocols = ['http', 'https', 'socks4', 'socks4a', 'socks5', 'socks5h'] as const;
type ProxyProtocol = (typeof protocols)[number];

/**
 * The proxy for requests to this URL, or undefined if they go directly. The variables, their order and their defaults
 * are curl's:
 *
 * - For https, `https_proxy` or `HTTPS_PROXY`. For http, `http_proxy`, only in lower case.
 * - If none of these is set, `all_proxy` or `ALL_PROXY`.
 * - Hosts in `no_proxy` or `NO_PROXY` get no proxy.
 *
 * Throws a UserError that names the variable if its value is not a proxy. Do not call this for the emulator, which is
 * always reached directly. Sources: https://curl.se/docs/manpage.html#ENVIRONMENT,
 * https://curl.se/docs/manpage.html#-x
 */
export function proxyFor(url: URL, env: Environment): ProxyServer | undefined {
  const names =
    url.protocol === 'https:'
      ? ['https_proxy', 'HTTPS_PROXY']
      : url.protocol === 'http:'
        ? ['http_proxy']
        : [];
  const variable = [...names, 'all_proxy', 'ALL_PROXY'].find((name) => env[name]);
  if (variable === undefined) return undefined;
  if (isExempt(url.hostname, env.no_proxy || env.NO_PROXY || '')) return undefined;
  return parseProxy(variable, env[variable] ?? '');
}

/** The value of the Proxy-Authorization header (https://www.rfc-editor.org/rfc/rfc7617), if the proxy has a login. */
export function proxyAuthorization({ login }: ProxyServer): string | undefined {
  return login && `Basic ${Buffer.from(`${login.user}:${login.password.reveal()}`).toString('base64')}`;
}

const PORTS: Partial<Record<ProxyProtocol, number>> = { https: 443 };
// curl's default. (A URL parser would say 80, and most people would guess 8080.)
const DEFAULT_PORT = 1080;

function parseProxy(variable: string, text: string): ProxyServer {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const authority = rest.replace(/[/?#].*$/s, '');
  const at = authority.lastIndexOf('@');
  const login = at < 0 ? undefined : readLogin(authority.slice(0, at));
  const protocol = protocolOf(scheme.toLowerCase());
  if (protocol === undefined) {
    throw refused(variable, text, `these scripts can use proxies of the kinds ${protocols.join(', ')}`);
  }
  const [, name = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(authority.slice(at + 1)) ?? [];
  const host = name === '' ? undefined : URL.parse(`http://${name}/`)?.hostname;
  const port = portText ? Number(portText) : (PORTS[protocol] ?? DEFAULT_PORT);
  if (!host || port < 1 || port > 65_535) {
    throw refused(
      variable,
      text,
      'give it as http://proxy.example.com:3128, with special characters of a login encoded, such as %40 for @',
    );
  }
  return {
    variable,
    protocol,
    host: isIPv6(host.slice(1, -1)) ? host.slice(1, -1) : host,
    port,
    login,
    shown: `${protocol}://${host}:${port}`,
  };
}

function protocolOf(scheme: string): ProxyProtocol | undefined {
  // `socks` is an older name that curl still accepts.
  if (scheme === 'socks') return 'socks4';
  return protocols.find((each) => each === scheme);
}

function readLogin(text: string): { user: string; password: Secret } {
  const colon = text.indexOf(':');
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  // Making a Secret has its text redacted from now on. This one is the password as it is written in the variable,
  // because a tool that prints its environment shows it in that form.
  new Secret(password);
  const decoded = { user: percentDecoded(user), password: percentDecoded(password) };
  // With an empty password, this would redact `user:`, and so the user's name wherever a colon follows it.
  if (password !== '') new Secret(`${decoded.user}:${decoded.password}`);
  return { user: decoded.user, password: new Secret(decoded.password) };
}

/** Quotes the value only if it cannot contain a password. In a malformed value, a password could be anywhere. */
function refused(variable: string, text: string, advice: string): UserError {
  const quoted = /^[\w.:/[\]-]{1,80}$/.test(text) ? ` ("${text}")` : '';
  return new UserError(`${variable} does not name a usable proxy${quoted}`, {
    hint: `Change or unset ${variable}: ${advice}.`,
  });
}
