import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate that nobody trusts who was not told to. */
export type LocalCertificate = {
  key: string;
  cert: string;
  /** The certificate as a file, for NODE_EXTRA_CA_CERTS and curl's --cacert. */
  certFile: string;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Made for these host names, `*.` included. */
export async function localCertificate(...names: readonly string[]): Promise<LocalCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [
      { name: 'subjectAltName', altNames: ['localhost', ...names].map((value) => ({ type: 2, value })) },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const certFile = join(folder, 'cert.pem');
  await writeFile(certFile, cert);
  return { key, cert, certFile, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
