import type { Environment } from '@deploy/cli';

/** A proxy for https, and the hosts that it is not for, as curl takes them from the environment. */
export type HttpsProxy = { url: string; except: string };

/**
 * The proxy that the environment names for https. What is reached by http is on this machine or beside it, and needs
 * none. Source: https://curl.se/libcurl/c/libcurl-env.html
 */
export function proxyIn(env: Environment): HttpsProxy | undefined {
  const url = env.https_proxy || env.HTTPS_PROXY;
  return url ? { url, except: env.no_proxy || env.NO_PROXY || '' } : undefined;
}
