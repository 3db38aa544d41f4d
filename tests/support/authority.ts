import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export type Pair = { key: string; cert: string };

export type LeafOptions = { host?: string; from?: Date; until?: Date };

/** A certificate authority of a test's own: it issues certificates, through others that it has issued if need be. */
export type Authority = Pair & {
  issue(options?: LeafOptions): Promise<Pair>;
  issueAuthority(name: string): Promise<Authority>;
};

const DAY_MS = 24 * 3600 * 1000;

export async function authority(name: string, by?: Pair): Promise<Authority> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
    ...(by && { ca: by }),
  });
  const own = { key, cert };
  return {
    ...own,
    issueAuthority: (other) => authority(other, own),
    async issue({
      host = 'localhost',
      from = new Date(Date.now() - DAY_MS),
      until = new Date(Date.now() + DAY_MS),
    } = {}) {
      const leaf = await generate([{ name: 'commonName', value: host }], {
        keyType: 'ec',
        algorithm: 'sha256',
        ca: own,
        notBeforeDate: from,
        notAfterDate: until,
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }],
      });
      return { key: leaf.private, cert: leaf.cert };
    },
  };
}

/** An authority's certificate as a file. */
export async function certificateFile({ cert }: Pair): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'authority-'));
  const path = join(folder, 'ca.pem');
  await writeFile(path, cert);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
