import { isIPv6 } from 'node:net';
import { UserError } from './errors.ts';
import { isExempt } from './no-proxy.ts';
import { Secret } from './secret.ts';
import type { Environment } from './settings.ts';
import { percentDecoded } from './url-text.ts';

/** A proxy that one of curl's variables names. */
export type ProxyServer = {
  /** The variable that names the proxy, such as `HTTPS_PROXY`. */
  variable: string;
  /**
   * The protocol for talking to the proxy itself. With `socks4` and `socks5` the client resolves host names, not the
   * proxy.
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
export type ProxyProtocol = (typeof protocols)[number];

/**
 * The proxy for requests to this URL, or undefined when they go directly. The variables, their order and their defaults
 * are curl's: `https_proxy` or `HTTPS_PROXY` for https, `http_proxy` (only in lower case) for http, else `all_proxy` or
 * `ALL_PROXY`; no proxy for the hosts in `no_proxy` or `NO_PROXY`. Throws a UserError that names the variable when its
 * value is not a proxy. Do not call it for the emulator, which is always reached directly. Sources:
 * https://curl.se/docs/manpage.html#ENVIRONMENT, https://curl.se/docs/manpage.html#-x
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
// curl's default, neither 80, as a URL parser would say, nor 8080, as most people would guess.
const DEFAULT_PORT = 1080;

function parseProxy(variable: string, text: string): ProxyServer {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const authority = rest.replace(/[/?#].*$/s, '');
  const at = authority.lastIndexOf('@');
  const login = at < 0 ? undefined : readLogin(authority.slice(0, at));
  const protocol = protocolOf(scheme.toLowerCase());
  if (protocol === undefined) {
    throw refused(
      variable,
      text,
      `${protocols.join(', ')} are the kinds of proxy that these scripts can use`,
    );
  }
  const [, name = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(authority.slice(at + 1)) ?? [];
  const host = name === '' ? undefined : URL.parse(`http://${name}/`)?.hostname;
  const port = portText ? Number(portText) : (PORTS[protocol] ?? DEFAULT_PORT);
  if (!host || port < 1 || port > 65_535) {
    throw refused(
      variable,
      text,
      'give it as http://proxy.example.com:3128, special characters of a login as %40',
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
  // curl's older name for it.
  if (scheme === 'socks') return 'socks4';
  return protocols.find((each) => each === scheme);
}

function readLogin(text: string): { user: string; password: Secret } {
  const colon = text.indexOf(':');
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  // The credentials as they appear in the variable, because a tool that prints its environment would show them like
  // this.
  new Secret(password);
  const decoded = { user: percentDecoded(user), password: percentDecoded(password) };
  // Without a password, this would hide the user's name with a colon wherever it appears.
  if (password !== '') new Secret(`${decoded.user}:${decoded.password}`);
  return { user: decoded.user, password: new Secret(decoded.password) };
}

/** Quote nothing that might be a password: in a malformed value it could be anywhere. */
function refused(variable: string, text: string, advice: string): UserError {
  const quoted = /^[\w.:/[\]-]{1,80}$/.test(text) ? ` ("${text}")` : '';
  return new UserError(`${variable} does not name a usable proxy${quoted}`, {
    hint: `Change or unset ${variable}: ${advice}.`,
  });
}
