import { readFile } from 'node:fs/promises';
import { errorCode } from './errors.ts';
import type { Environment } from './settings.ts';

let trusting: Promise<void> | undefined;

/**
 * Makes this process also trust the operating system's certificate authorities (a company's own, for example), and
 * those of `SSL_CERT_FILE`, `SSL_CERT_DIR` and `CURL_CA_BUNDLE`, as curl does. Loading them takes a tenth of a second,
 * so call this only after a certificate was not trusted (`isUntrusted`), and then connect again.
 */
export function trustSystemCertificates(env: Environment): Promise<void> {
  trusting ??= load(env);
  return trusting;
}

/** Whether a connection failed because this process does not know the issuer of the certificate. */
export function isUntrusted(error: unknown): boolean {
  return UNTRUSTED.includes(errorCode(error));
}

// The error codes for an unknown issuer, from https://nodejs.org/api/tls.html#x509-certificate-error-codes
const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

async function load(env: Environment): Promise<void> {
  const { getCACertificates, setDefaultCACertificates } = await import('node:tls');
  // On Linux, if SSL_CERT_FILE or SSL_CERT_DIR is set, `system` means the certificates in that file or folder, not the
  // operating system's.
  const known = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  const bundle = env.CURL_CA_BUNDLE ? await readFile(env.CURL_CA_BUNDLE, 'utf8').catch(() => '') : '';
  for (const [certificate] of bundle.matchAll(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs)) {
    known.add(certificate);
  }
  try {
    setDefaultCACertificates([...known]);
  } catch {
    // If one certificate is malformed, none is added, and the connection fails as before.
  }
}
