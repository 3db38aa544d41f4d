import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The registry of Debian's package `docker-registry`, on this machine. */
export type DockerRegistry = {
  /** `127.0.0.1:<port>` */
  host: string;
  /** Stores an image that says it was built at that time; gives its digest. `token` where the registry asks for one. */
  push(repository: string, tag: string, builtAt: string, token?: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Where a registry that asks for tokens sends its clients, and what signs them. */
export type TokenLogin = { realm: string; service: string; issuer: string; certFile: string };

const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json';

export function hasDockerRegistry(): boolean {
  return spawnSync('docker-registry', ['--version'], { stdio: 'ignore' }).status === 0;
}

export async function startDockerRegistry(login?: TokenLogin): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const config = {
    version: 0.1,
    log: { level: 'info', formatter: 'json' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') } },
    http: { addr: '127.0.0.1:0' },
    ...(login && {
      auth: {
        token: {
          realm: login.realm,
          service: login.service,
          issuer: login.issuer,
          rootcertbundle: login.certFile,
        },
      },
    }),
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const host = await listeningAt(child.stderr);
  return {
    host,
    push: (repository, tag, builtAt, token) => push(`http://${host}/v2/${repository}`, tag, builtAt, token),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'close');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listeningAt(log: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: log })) {
    const [, host] = /listening on (127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (host === undefined) continue;
    // Nobody else reads on, and a full pipe would stop it.
    log.resume();
    return host;
  }
  throw new Error('docker-registry ended before it listened');
}

async function push(url: string, tag: string, created: string, token?: string): Promise<string> {
  const login: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const config = JSON.stringify({
    created,
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const upload = await sent(`${url}/blobs/uploads/`, { method: 'POST', headers: login });
  const place = new URL(upload.headers.get('location') ?? '', url);
  place.searchParams.set('digest', sha256(config));
  await sent(place.href, {
    method: 'PUT',
    body: config,
    headers: { ...login, 'content-type': 'application/octet-stream' },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: Buffer.byteLength(config),
      digest: sha256(config),
    },
    layers: [],
  });
  await sent(`${url}/manifests/${tag}`, {
    method: 'PUT',
    body: manifest,
    headers: { ...login, 'content-type': MANIFEST_TYPE },
  });
  return sha256(manifest);
}

async function sent(url: string, options: RequestInit): Promise<Response> {
  const answer = await fetch(url, options);
  if (!answer.ok) throw new Error(`${options.method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
