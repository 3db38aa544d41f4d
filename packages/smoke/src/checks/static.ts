import { cleanLine, percentDecoded } from '@deploy/cli';
import { below400, headerContains, type Probe } from '../check.ts';
import type { Answer } from '../exchange.ts';
import { isRecord, readRecord } from './json.ts';

const MANIFEST_VERSION = 'openagents.webshell.v2';

export const manifestProbe: Probe = {
  request: { method: 'GET', path: '/manifest.json' },
  judge(answer) {
    const failure = below400(answer);
    if (failure !== undefined) return failure;
    const version = readRecord(answer)?.manifestVersion;
    return version === MANIFEST_VERSION
      ? undefined
      : { expected: `manifestVersion ${MANIFEST_VERSION}`, got: `manifestVersion ${shown(version)}` };
  },
};

export const manifestCacheProbe: Probe = {
  request: { method: 'HEAD', path: '/manifest.json' },
  judge: (answer) => headerContains(answer, 'cache-control', 'no-cache'),
};

export const workerCacheProbe: Probe = {
  request: { method: 'HEAD', path: '/sw.js' },
  judge: (answer) => headerContains(answer, 'cache-control', 'no-cache'),
};

/** Checks how the manifest's entry script may be cached; undefined when the manifest names no entry script. */
export function entryCacheProbe(manifest: Answer): Probe | undefined {
  const entry = readRecord(manifest)?.entry;
  const js = isRecord(entry) ? entry.js : undefined;
  if (typeof js !== 'string' || js === '') return undefined;
  // Resolves the path as a browser would, but always at this origin, whatever the manifest says.
  const { pathname, search } = new URL(`http://entry/${js.replace(/^[/\\]+/, '')}`);
  // Decode first: the digits of a percent escape are not part of a hash.
  const wanted = /[0-9a-f]{8,}/i.test(percentDecoded(pathname)) ? 'immutable' : 'max-age=';
  return {
    request: { method: 'HEAD', path: `${pathname}${search}` },
    judge: (answer) => headerContains(answer, 'cache-control', wanted),
  };
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : cleanLine(JSON.stringify(value), 80);
}
