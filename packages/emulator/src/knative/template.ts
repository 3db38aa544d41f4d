import type { ContainerJson, EnvVarJson, TemplateJson } from '../service/resources.ts';
import type { KnativeContainer, KnativeEnvVar, KnativeTemplate, KnativeVolume } from './types.ts';

/** What only Knative v1 says of a template: settings that travel as annotations and labels in reserved namespaces. */
export type KnativeExtras = { annotations: Record<string, string>; labels: Record<string, string> };

type VolumeJson = {
  name: string;
  secret?: { secret: string; items?: { version: string; path: string }[] };
  [key: string]: unknown;
};

// Labels that v2 takes as they are: all but those in the namespaces that it reserves.
const RESERVED = /^(?:[a-z0-9.-]*\.)?(?:googleapis\.com|knative\.dev)\//;
const NONCE_LABEL = 'client.knative.dev/nonce';
const isReserved = (key: string): boolean => RESERVED.test(key) && key !== NONCE_LABEL;

/** A v1 template in v2's spelling, and apart from it what v2 has no place for. */
export function templateFromKnative({ metadata = {}, spec = {} }: KnativeTemplate): {
  template: TemplateJson;
  extras: KnativeExtras;
} {
  const { containers = [], volumes, containerConcurrency, timeoutSeconds, serviceAccountName } = spec;
  const labels = partition(metadata.labels);
  const annotations = partition(metadata.annotations);
  return {
    extras: { annotations: annotations.reserved, labels: labels.reserved },
    template: {
      ...(metadata.name && { revision: metadata.name }),
      ...filled('labels', labels.free),
      ...filled('annotations', annotations.free),
      containers: containers.map(containerFromKnative),
      ...(volumes && { volumes: volumes.map(volumeFromKnative) }),
      ...(containerConcurrency !== undefined && { maxInstanceRequestConcurrency: containerConcurrency }),
      ...(timeoutSeconds !== undefined && { timeout: `${timeoutSeconds}s` }),
      ...(serviceAccountName !== undefined && { serviceAccount: serviceAccountName }),
    },
  };
}

export function templateToKnative(template: TemplateJson, extras: KnativeExtras): KnativeTemplate {
  const {
    revision,
    labels,
    annotations,
    containers = [],
    volumes,
    maxInstanceRequestConcurrency,
    timeout,
    serviceAccount,
  } = template;
  return {
    metadata: {
      ...(revision && { name: revision }),
      ...filled('annotations', { ...extras.annotations, ...annotations }),
      ...filled('labels', { ...extras.labels, ...labels }),
    },
    spec: {
      ...(typeof maxInstanceRequestConcurrency === 'number' && {
        containerConcurrency: maxInstanceRequestConcurrency,
      }),
      containers: containers.map(containerToKnative),
      ...(typeof serviceAccount === 'string' && { serviceAccountName: serviceAccount }),
      ...(typeof timeout === 'string' && { timeoutSeconds: Number.parseInt(timeout, 10) }),
      ...(Array.isArray(volumes) && { volumes: (volumes as VolumeJson[]).map(volumeToKnative) }),
    },
  };
}

function containerFromKnative({ env, ...rest }: KnativeContainer): ContainerJson {
  return { ...rest, ...(env && { env: env.map(envFromKnative) }) };
}

function containerToKnative({ env, ...rest }: ContainerJson): KnativeContainer {
  return { ...rest, ...(env && { env: env.map(envToKnative) }) };
}

function envFromKnative({ name, value, valueFrom }: KnativeEnvVar): EnvVarJson {
  const reference = valueFrom?.secretKeyRef;
  return {
    name,
    ...(value !== undefined && { value }),
    ...(reference && { valueSource: { secretKeyRef: { secret: reference.name, version: reference.key } } }),
  };
}

function envToKnative({ name, value, valueSource }: EnvVarJson): KnativeEnvVar {
  const reference = valueSource?.secretKeyRef;
  return {
    name,
    ...(value !== undefined && { value }),
    ...(reference && { valueFrom: { secretKeyRef: { name: reference.secret, key: reference.version } } }),
  };
}

function volumeFromKnative({ secret, ...rest }: KnativeVolume): VolumeJson {
  if (secret === undefined) return rest;
  const items = secret.items?.map(({ key, path }) => ({ version: key, path }));
  return { ...rest, secret: { secret: secret.secretName, ...(items && { items }) } };
}

function volumeToKnative({ secret, ...rest }: VolumeJson): KnativeVolume {
  if (secret === undefined) return rest;
  const items = secret.items?.map(({ version, path }) => ({ key: version, path }));
  return { ...rest, secret: { secretName: secret.secret, ...(items && { items }) } };
}

function partition(entries: Record<string, string> = {}) {
  const of = (reserved: boolean) =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => isReserved(key) === reserved));
  return { reserved: of(true), free: of(false) };
}

function filled<K extends string>(key: K, entries: Record<string, string>) {
  return Object.keys(entries).length === 0 ? {} : { [key]: entries };
}
