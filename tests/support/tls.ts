import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for `localhost` that nobody trusts who was not told to. */
export type LocalCertificate = {
  key: string;
  cert: string;
  /** The certificate as a file, for NODE_EXTRA_CA_CERTS and curl's --cacert. */
  certFile: string;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function localCertificate(): Promise<LocalCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const certFile = join(folder, 'cert.pem');
  await writeFile(certFile, cert);
  return { key, cert, certFile, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
