/** A variable of a container: a value, or a reference to where it comes from. */
export type EnvVar = {
  name?: string;
  value?: string;
  valueSource?: { secretKeyRef?: { secret?: string; version?: string } };
};

/** A container as the API sends it. Only the fields that we read are listed; all others are passed on. */
export type Container = {
  name?: string;
  image?: string;
  ports?: { name?: string; containerPort?: number }[];
  env?: EnvVar[];
  [field: string]: unknown;
};

/** A volume as the API sends it. */
export type Volume = {
  name?: string;
  secret?: { secret?: string; items?: { path?: string; version?: string; [field: string]: unknown }[] };
  [field: string]: unknown;
};

/**
 * The template for new revisions: the JSON that the API sent, with all its fields, even those that we do not know. It
 * is written back with only the intended fields changed.
 * https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#RevisionTemplate
 */
export type RevisionTemplate = {
  revision?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  serviceAccount?: string;
  containers?: Container[];
  volumes?: Volume[];
  [field: string]: unknown;
};
