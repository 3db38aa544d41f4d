/** The part of a protobufjs descriptor in JSON that is used here. */
export type DescriptorJson = {
  nested?: Record<string, DescriptorJson>;
  fields?: Record<string, { type: string; id: number; options?: Record<string, unknown> }>;
  oneofs?: Record<string, { oneof: string[] }>;
  values?: Record<string, number>;
};

type Additions = { fields?: Readonly<Record<string, string>>; values?: Readonly<Record<string, number>> };

const OF_REVISIONS = {
  terminationGracePeriod: 'google.protobuf.Duration',
  client: 'string',
  clientVersion: 'string',
};

/**
 * What the real API has but the vendor's package does not know yet: fields of messages, with their types, and values of
 * enums. The package's serializer would drop them. `fileStore` and `EXECUTION_ENVIRONMENT_GEN3` are invented; they
 * stand for whatever Google adds next.
 *
 * Sources: the current REST reference (https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services)
 * and https://registry.terraform.io/providers/hashicorp/google-beta/latest/docs/resources/cloud_run_v2_service
 */
const NEWER: Readonly<Record<string, Additions>> = {
  RevisionTemplate: { fields: OF_REVISIONS },
  Revision: { fields: OF_REVISIONS },
  RevisionScaling: { fields: { cpuUtilization: 'double', concurrencyUtilization: 'double' } },
  Container: { fields: { sandboxLauncher: 'bool' } },
  Volume: { fields: { fileStore: 'NFSVolumeSource' } },
  Medium: { values: { DISK: 2 } },
  ExecutionEnvironment: { values: { EXECUTION_ENVIRONMENT_GEN3: 3 } },
};

// Field numbers matter only in binary messages, and none are sent. Any unused number will do.
const FIRST_FREE_ID = 10_000;

/** Adds newer fields and values to the vendor's descriptors of Cloud Run, in place. */
export function addNewerFields(root: DescriptorJson): void {
  const run = ['google', 'cloud', 'run', 'v2'].reduce<DescriptorJson | undefined>(
    (at, name) => at?.nested?.[name],
    root,
  );
  if (run !== undefined) addBelow(run);
}

function addBelow({ nested = {} }: DescriptorJson): void {
  for (const [name, type] of Object.entries(nested)) {
    const { fields = {}, values = {} } = NEWER[name] ?? {};
    for (const [i, [field, fieldType]] of Object.entries(fields).entries()) {
      if (type.fields?.[field] !== undefined) continue;
      // The field is optional, so that an explicit 0 (which switches a scaling target off) differs from a missing
      // value.
      type.oneofs = { ...type.oneofs, [`_${field}`]: { oneof: [field] } };
      type.fields = {
        ...type.fields,
        [field]: { type: fieldType, id: FIRST_FREE_ID + i, options: { proto3_optional: true } },
      };
    }
    if (type.values !== undefined) type.values = { ...values, ...type.values };
    addBelow(type);
  }
}
