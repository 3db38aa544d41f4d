/** A variable of a container: a value, or where it comes from. */
export type EnvVar = {
  name?: string;
  value?: string;
  valueSource?: { secretKeyRef?: { secret?: string; version?: string } };
};

/** A container as the API has it. Only what is looked at here is named; everything else is passed on. */
export type Container = {
  name?: string;
  image?: string;
  ports?: { name?: string; containerPort?: number }[];
  env?: EnvVar[];
  [field: string]: unknown;
};

/** A volume as the API has it. */
export type Volume = {
  name?: string;
  secret?: { secret?: string; items?: { path?: string; version?: string; [field: string]: unknown }[] };
  [field: string]: unknown;
};

/**
 * The template that new revisions are made from: the JSON that the API sent, to be written back with the intended fields
 * changed and all others as they are, those that nobody here knows included.
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
