import type { ContainerJson, EnvVarJson, KnativeExtras, TemplateJson } from '../service/resources.ts';
import { annotationsFromFields, fieldsFromAnnotations, TEMPLATE_ANNOTATIONS } from './annotations.ts';
import type { KnativeContainer, KnativeEnvVar, KnativeTemplate, KnativeVolume } from './types.ts';

type VolumeJson = {
  name: string;
  secret?: { secret: string; items?: { version: string; path: string; mode?: number }[] };
  emptyDir?: { medium?: string; sizeLimit?: string };
  [key: string]: unknown;
};

// v2 refuses labels and annotations in these namespaces, which it reserves.
const RESERVED = /^(?:[a-z0-9.-]*\.)?(?:googleapis\.com|knative\.dev)\//;
const NONCE_LABEL = 'client.knative.dev/nonce';
const isReserved = (key: string): boolean => RESERVED.test(key) && key !== NONCE_LABEL;

/** Translates a v1 template to v2. Fields that v2 does not have are returned separately. */
export function templateFromKnative({ metadata = {}, spec = {} }: KnativeTemplate): {
  template: TemplateJson;
  knative: Pick<KnativeExtras, 'templateAnnotations' | 'templateLabels'>;
} {
  const { containers = [], volumes, containerConcurrency, timeoutSeconds, serviceAccountName } = spec;
  const labels = partition(metadata.labels);
  const annotations = partition(metadata.annotations);
  const template: TemplateJson = {
    ...(metadata.name && { revision: metadata.name }),
    ...filled('labels', labels.free),
    ...filled('annotations', annotations.free),
    containers: containers.map(containerFromKnative),
    ...(volumes && { volumes: volumes.map(volumeFromKnative) }),
    ...(containerConcurrency !== undefined && { maxInstanceRequestConcurrency: containerConcurrency }),
    ...(timeoutSeconds !== undefined && { timeout: `${timeoutSeconds}s` }),
    ...(serviceAccountName !== undefined && { serviceAccount: serviceAccountName }),
  };
  return {
    template: fieldsFromAnnotations(template, annotations.reserved, TEMPLATE_ANNOTATIONS),
    knative: { templateAnnotations: annotations.reserved, templateLabels: labels.reserved },
  };
}

export function templateToKnative(template: TemplateJson, knative: KnativeExtras): KnativeTemplate {
  const { revision, labels, annotations, containers = [], volumes } = template;
  const { maxInstanceRequestConcurrency, timeout, serviceAccount } = template;
  const reserved = annotationsFromFields(template, knative.templateAnnotations, TEMPLATE_ANNOTATIONS);
  return {
    metadata: {
      ...(revision && { name: revision }),
      ...filled('annotations', { ...reserved, ...annotations }),
      ...filled('labels', { ...knative.templateLabels, ...labels }),
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

function containerToKnative({ env, resources, dependsOn: _, ...rest }: ContainerJson): KnativeContainer {
  // Copies only the limits, because v1 has annotations for the other fields of v2's `resources`.
  const limits = (resources as { limits?: unknown } | undefined)?.limits;
  return {
    ...rest,
    ...(env && { env: env.map(envToKnative) }),
    ...(limits !== undefined && { resources: { limits } }),
  };
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

function volumeFromKnative({ secret, emptyDir, ...rest }: KnativeVolume): VolumeJson {
  const items = secret?.items?.map(({ key, ...item }) => ({ version: key, ...item }));
  return {
    ...rest,
    ...(secret && { secret: { secret: secret.secretName, ...(items && { items }) } }),
    ...(emptyDir && { emptyDir: { ...emptyDir, ...(emptyDir.medium && { medium: 'MEMORY' }) } }),
  };
}

function volumeToKnative({ secret, emptyDir, ...rest }: VolumeJson): KnativeVolume {
  const items = secret?.items?.map(({ version, ...item }) => ({ key: version, ...item }));
  return {
    ...rest,
    ...(secret && { secret: { secretName: secret.secret, ...(items && { items }) } }),
    ...(emptyDir && { emptyDir: { ...emptyDir, ...(emptyDir.medium && { medium: 'Memory' }) } }),
  };
}

export function partition(entries: Record<string, string> = {}) {
  const of = (reserved: boolean) =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => isReserved(key) === reserved));
  return { reserved: of(true), free: of(false) };
}

function filled<K extends string>(key: K, entries: Record<string, string>) {
  return Object.keys(entries).length === 0 ? {} : { [key]: entries };
}
