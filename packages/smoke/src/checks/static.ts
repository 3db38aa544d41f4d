import { cleanLine } from '@deploy/cli';
import { below400, type Check, headerContains } from '../check.ts';
import type { Answer } from '../http.ts';

const MANIFEST_VERSION = 'openagents.webshell.v2';

export const manifestCheck: Check = {
  id: 'manifest',
  request: { method: 'GET', path: '/manifest.json' },
  judge(answer) {
    const failure = below400(answer);
    if (failure !== undefined) return failure;
    const version = readManifest(answer)?.manifestVersion;
    return version === MANIFEST_VERSION
      ? undefined
      : { expected: `manifestVersion ${MANIFEST_VERSION}`, got: `manifestVersion ${shown(version)}` };
  },
};

export const manifestCacheCheck: Check = {
  id: 'manifest-cache',
  request: { method: 'HEAD', path: '/manifest.json' },
  judge: (answer) => headerContains(answer, 'cache-control', 'no-cache'),
};

export const workerCacheCheck: Check = {
  id: 'service-worker-cache',
  request: { method: 'HEAD', path: '/sw.js' },
  judge: (answer) => headerContains(answer, 'cache-control', 'no-cache'),
};

/** How the manifest's entry script may be cached; undefined when the manifest names none. */
export function entryCacheCheck(manifest: Answer): Check | undefined {
  const entry = readManifest(manifest)?.entry;
  const js = isRecord(entry) ? entry.js : undefined;
  if (typeof js !== 'string' || js === '') return undefined;
  // As a browser would ask for it, but at this origin and nowhere else, whatever the manifest says.
  const { pathname, search } = new URL(`http://entry/${js.replace(/^[/\\]+/, '')}`);
  const wanted = /[0-9a-f]{8,}/i.test(percentDecoded(pathname)) ? 'immutable' : 'max-age=';
  return {
    id: 'entry-cache',
    request: { method: 'HEAD', path: `${pathname}${search}` },
    judge: (answer) => headerContains(answer, 'cache-control', wanted),
  };
}

/** What `%20` stands for: its digits are no part of a hash. */
function percentDecoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function readManifest({ body }: Answer): Record<string, unknown> | undefined {
  try {
    const manifest: unknown = JSON.parse(body);
    return isRecord(manifest) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : cleanLine(JSON.stringify(value), 80);
}
