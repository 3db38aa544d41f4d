import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../protocol/descriptors.ts';
import { invalidArgument } from '../protocol/errors.ts';
import { isBlank, valueAt, withValueAt } from './paths.ts';

/**
 * A setting that is an annotation in Knative v1 and a field in Admin v2:
 * https://cloud.google.com/run/docs/reference/rest/v1/ObjectMeta lists the annotations.
 */
type Spelling = {
  read(resource: Json): string | undefined;
  /** Sets the field to what the text means; without a text, to v1's default. */
  write(resource: Json, text: string | undefined): Json;
};

export type Spellings = Readonly<Record<string, Spelling>>;

export const TEMPLATE_ANNOTATIONS: Spellings = {
  'autoscaling.knative.dev/minScale': number('scaling.minInstanceCount'),
  'autoscaling.knative.dev/maxScale': number('scaling.maxInstanceCount'),
  'run.googleapis.com/execution-environment': choice('executionEnvironment', {
    gen1: 'EXECUTION_ENVIRONMENT_GEN1',
    gen2: 'EXECUTION_ENVIRONMENT_GEN2',
  }),
  'run.googleapis.com/sessionAffinity': flag('sessionAffinity'),
  'run.googleapis.com/health-check-disabled': flag('healthCheckDisabled'),
  'run.googleapis.com/startup-cpu-boost': flag('containers.0.resources.startupCpuBoost'),
  'run.googleapis.com/cpu-throttling': cpuThrottling(),
  'run.googleapis.com/container-dependencies': containerDependencies(),
  'run.googleapis.com/vpc-access-connector': text('vpcAccess.connector'),
  'run.googleapis.com/vpc-access-egress': choice('vpcAccess.egress', {
    'private-ranges-only': 'PRIVATE_RANGES_ONLY',
    'all-traffic': 'ALL_TRAFFIC',
  }),
  'run.googleapis.com/network-interfaces': json('vpcAccess.networkInterfaces'),
};

export const SERVICE_ANNOTATIONS: Spellings = {
  'run.googleapis.com/ingress': choice('ingress', {
    all: 'INGRESS_TRAFFIC_ALL',
    internal: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
    'internal-and-cloud-load-balancing': 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
  }),
  'run.googleapis.com/description': text('description'),
  'run.googleapis.com/client-name': text('client'),
  'run.googleapis.com/client-version': text('clientVersion'),
  'run.googleapis.com/launch-stage': text('launchStage'),
  'run.googleapis.com/minScale': number('scaling.minInstanceCount'),
  'run.googleapis.com/maxScale': number('scaling.maxInstanceCount'),
  'run.googleapis.com/manualInstanceCount': number('scaling.manualInstanceCount'),
  'run.googleapis.com/scalingMode': choice('scaling.scalingMode', {
    automatic: 'AUTOMATIC',
    manual: 'MANUAL',
  }),
  'run.googleapis.com/invoker-iam-disabled': flag('invokerIamDisabled'),
  'run.googleapis.com/default-url-disabled': flag('defaultUriDisabled'),
  'run.googleapis.com/custom-audiences': json('customAudiences'),
};

/** Copies the annotations' values into the resource's fields. Throws a 400 for a value that cannot be read. */
export function fieldsFromAnnotations<T extends Json>(
  resource: T,
  annotations: Readonly<Record<string, string>>,
  spellings: Spellings,
): T {
  let next: Json = resource;
  for (const [key, spelling] of Object.entries(spellings)) next = spelling.write(next, annotations[key]);
  // The cast is safe, because only optional fields of the resource were set.
  return next as T;
}

/**
 * The annotations to show for a resource: the ones that were written, updated where a field has changed since. An
 * annotation that only spells the field's value differently stays as written.
 */
export function annotationsFromFields(
  resource: Json,
  written: Readonly<Record<string, string>>,
  spellings: Spellings,
): Record<string, string> {
  const annotations: Record<string, string> = { ...written };
  for (const [key, { read, write }] of Object.entries(spellings)) {
    const current = read(resource);
    if (read(write(resource, written[key])) === current) continue;
    if (current === undefined) delete annotations[key];
    else annotations[key] = current;
  }
  return annotations;
}

type Codec = { encode(value: unknown): string | undefined; decode(text: string): unknown };

function field(path: string, { encode, decode }: Codec): Spelling {
  return {
    read: (resource) => encode(valueAt(resource, path)),
    write: (resource, given) => withValueAt(resource, path, given === undefined ? undefined : decode(given)),
  };
}

function text(path: string): Spelling {
  return field(path, {
    encode: (value) => (isBlank(value) ? undefined : String(value)),
    decode: (given) => given,
  });
}

function number(path: string): Spelling {
  return field(path, {
    encode: (value) => (isBlank(value) ? undefined : String(value)),
    decode(given) {
      if (!/^\d+$/.test(given)) throw invalidArgument(`${path}: '${given}' is not a whole number.`);
      return Number(given);
    },
  });
}

function flag(path: string): Spelling {
  return field(path, {
    encode: (value) => (value === true ? 'true' : undefined),
    decode: (given) => (given === 'true' ? true : undefined),
  });
}

function choice(path: string, names: Readonly<Record<string, string>>): Spelling {
  return field(path, {
    encode: (value) => Object.keys(names).find((name) => names[name] === value),
    decode(given) {
      if (!(given in names))
        throw invalidArgument(`${path}: '${given}' is not one of ${Object.keys(names).join(', ')}.`);
      return names[given];
    },
  });
}

function json(path: string): Spelling {
  return field(path, {
    encode: (value) => (isBlank(value) ? undefined : JSON.stringify(value)),
    decode: (given) => parse(given, path),
  });
}

/**
 * By default, CPU is allocated only during requests. In v1, the annotation "false" changes that. In v2, the default
 * holds only for a container without `resources`; a container with `resources` must set `cpuIdle` to get the same
 * (ResourceRequirements in k8s.min.proto).
 */
function cpuThrottling(): Spelling {
  const resources = 'containers.0.resources';
  return {
    read: (template) =>
      valueAt(template, resources) !== undefined && valueAt(template, `${resources}.cpuIdle`) !== true
        ? 'false'
        : undefined,
    write: (template, given) =>
      valueAt(template, resources) === undefined
        ? template
        : withValueAt(template, `${resources}.cpuIdle`, given === 'false' ? undefined : true),
  };
}

/** In v1, one map says which containers each container waits for; in v2, each container has a list of them. */
function containerDependencies(): Spelling {
  const containersOf = (template: Json) => (template.containers ?? []) as Json[];
  return {
    read(template) {
      const entries = containersOf(template).flatMap(({ name, dependsOn }) =>
        isBlank(dependsOn) ? [] : [[String(name), dependsOn]],
      );
      return entries.length === 0 ? undefined : JSON.stringify(Object.fromEntries(entries));
    },
    write(template, given) {
      const wanted = (given === undefined ? {} : parse(given, 'container-dependencies')) as Json;
      const containers = containersOf(template).map(({ dependsOn: _, ...container }) => {
        const dependsOn = wanted[String(container.name)];
        return dependsOn === undefined ? container : { ...container, dependsOn };
      });
      return isDeepStrictEqual(containers, containersOf(template)) ? template : { ...template, containers };
    },
  };
}

function parse(given: string, what: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    throw invalidArgument(`${what}: '${given}' is not JSON.`);
  }
}
