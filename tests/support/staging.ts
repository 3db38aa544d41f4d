import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, projectRoot } from '@deploy/cli';
import type { Connection } from '@deploy/cloudrun';
import { type CloudCheckRequest, type CloudFacts, checkCloud } from '@deploy/cloudrun/preflight';
import {
  type DomainMappingJson,
  domainMapping,
  type Emulator,
  type EmulatorOptions,
  type RecordedKnativeService,
  type ServiceSeed,
  startEmulator,
} from '@deploy/emulator';
import { DOMAIN, NEW_IMAGE, PROJECT, SERVICE, STAGING, STAGING_SERVICE } from '@deploy/rehearsal/stage';

export { DOMAIN, NEW_IMAGE, PROJECT, SERVICE };
export const IMAGES = NEW_IMAGE.slice(0, NEW_IMAGE.lastIndexOf(':'));

type Env = NonNullable<ServiceSeed['env']>;

/** A staging project in which every precondition holds, but for what is changed; `undefined` takes a variable away. */
export function staging(
  changes: {
    env?: Record<string, Env[string] | undefined>;
    service?: Partial<ServiceSeed>;
  } & EmulatorOptions = {},
): Promise<Emulator> {
  const { env = {}, service = {}, ...options } = changes;
  const merged: Record<string, Env[string] | undefined> = {
    ...STAGING_SERVICE.env,
    OA_CONTROL_STATIC_DIR: '/app/apps/openagents.com/web-shell/dist',
    ...env,
  };
  const kept = Object.entries(merged).flatMap(([name, value]): [string, Env[string]][] =>
    value === undefined ? [] : [[name, value]],
  );
  return startEmulator({
    ...STAGING,
    reconcileMs: 30,
    domainMappings: [domainMapping({ domain: DOMAIN, service: SERVICE })],
    services: [{ ...STAGING_SERVICE, env: Object.fromEntries(kept), ...service }],
    ...options,
  });
}

/** Runs the cloud's checks against an emulator. */
export async function check(
  { host }: Pick<Emulator, 'host'>,
  changes: Partial<Omit<CloudCheckRequest, 'connection'>> & { identity?: Connection['identity'] } = {},
): Promise<{ findings: Finding[]; facts: CloudFacts }> {
  const { identity = { kind: 'none' }, ...request } = changes;
  return checkCloud({
    connection: { emulatorHost: host, identity, env: {} },
    location: { project: PROJECT, region: 'us-central1', service: SERVICE },
    image: NEW_IMAGE,
    domain: DOMAIN,
    expectedTraffic: undefined,
    ...request,
  });
}

/** The findings of one check. */
export function of(findings: readonly Finding[], name: string): Finding[] {
  return findings.filter(({ check: each }) => each === name);
}

export const recordedServices: readonly RecordedKnativeService[] = recorded('services');
export const recordedMappings: readonly DomainMappingJson[] = recorded('domain-mappings');

function recorded<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(projectRoot, 'tests/recordings', `${name}.json`), 'utf8')) as T[];
}
