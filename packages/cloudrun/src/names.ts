import { cleanLine, resolveProject, UserError } from '@deploy/cli';
import { parseImageReference } from './registry/image-reference.ts';
import type { ServiceLocation } from './service-location.ts';

// The names of services (at most 49 characters) and revisions (at most 63), as the Admin API's CreateService and
// gcloud's --revision-suffix describe them: lower-case letters, digits and hyphens, starting with a letter and not
// ending with a hyphen.
const NAME = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;

// Project IDs, including the older `example.com:project` form. Slashes and spaces are excluded, because the ID becomes
// part of a resource path.
const PROJECT = /^[a-z0-9][a-z0-9.:-]{0,99}$/;
// What follows the service's name in a revision name that Cloud Run generated: a count and three letters or digits.
const SHORT_REVISION_NAME = /^\d{5}-[a-z0-9]{3}$/;
const REGION = /^[a-z]+(?:-[a-z]+)*-?[a-z]*[0-9]+$/;

// An OCI reference: the repository's path, then optionally `:tag` and `@digest`. No leading hyphen, no white space.
const IMAGE = /^[a-zA-Z0-9][a-zA-Z0-9._/:@+-]*$/;

const VARIABLES: ServiceLocation = { project: 'PROJECT', region: 'REGION', service: 'SERVICE' };

/** Checks the names that locate a service. Throws a UserError that names the variable of the first invalid one. */
export function requireLocation(
  { project, region, service }: ServiceLocation,
  variables = VARIABLES,
): ServiceLocation {
  requireMatch(
    PROJECT,
    100,
    project,
    variables.project,
    'a project ID: lower-case letters, digits and hyphens',
  );
  requireMatch(REGION, 40, region, variables.region, 'a region such as us-central1');
  requireMatch(
    NAME,
    49,
    service,
    variables.service,
    'a service name: lower-case letters, digits and hyphens, a letter first',
  );
  return { project, region, service };
}

/** The location that a script's settings name, with gcloud's active project as the default. */
export async function findLocation(
  values: Omit<ServiceLocation, 'project'> & { project: string | undefined },
  signal: AbortSignal,
): Promise<ServiceLocation> {
  const { region, service } = values;
  return requireLocation({ project: await resolveProject(values.project, signal), region, service });
}

/**
 * Throws a UserError unless this can be the name of a job. The rules are those for services, with up to 63 characters.
 */
export function requireJobName(name: string, variable: string): void {
  requireMatch(
    NAME,
    63,
    name,
    variable,
    'a job name: lower-case letters, digits and hyphens, a letter first',
  );
}

/**
 * Throws a UserError unless this can be the name of a revision. The exit code is 2, as for every wrong argument. The
 * scripts show revisions without their service's name in front. If somebody types such a short name, the error suggests
 * the full one.
 */
export function requireRevisionName(name: string, argument: string, service: string): void {
  const isShort = SHORT_REVISION_NAME.test(name);
  requireMatch(NAME, 63, name, argument, 'a revision name such as my-service-00042-abc', {
    exitCode: 2,
    ...(isShort && {
      hint: `Did you mean ${service}-${name}? A revision's whole name begins with its service's.`,
    }),
  });
}

export function requireImage(name: string, argument: string, exitCode: 1 | 2 = 1): void {
  requireMatch(IMAGE, 512, name, argument, 'an image reference such as host/project/repository/image:tag', {
    exitCode,
  });
}

/**
 * Throws a UserError when an image names no registry. Cloud Run would take the image from Docker Hub, and that is
 * probably not what the person meant.
 */
export function requireRegistry(image: string, argument: string): void {
  if (parseImageReference(image).host !== undefined) return;
  throw new UserError(`${argument} is "${cleanLine(image, 80)}", which names no registry`, {
    hint: noRegistryAdvice(image),
  });
}

/** What to do about an image without a registry. */
export function noRegistryAdvice(image: string): string {
  const name = cleanLine(image, 80);
  return `Put the registry in front: us-central1-docker.pkg.dev/<project>/<repository>/${name}, or docker.io/${name} for Docker Hub.`;
}

// A tag and its service's name form one label of a host name: "Combined traffic tag and service name cannot exceed 46
// characters." (https://github.com/PolicyEngine/policyengine-api/issues/3729).
const LONGEST_TAG_AND_SERVICE = 46;

/** Throws a UserError unless the service can have a tag with this name. */
export function requireTag(tag: string, service: string, variable: string): void {
  requireMatch(
    NAME,
    63,
    tag,
    variable,
    'a traffic tag: lower-case letters, digits and hyphens, a letter first',
  );
  const longest = LONGEST_TAG_AND_SERVICE - service.length;
  if (tag.length <= longest) return;
  throw new UserError(
    `${variable} is "${tag}", which is too long: a tag and the name of its service may have ${LONGEST_TAG_AND_SERVICE} characters together, and ${service} has ${service.length}`,
    {
      hint:
        longest > 0 ? `Choose a tag of at most ${longest} characters.` : 'This service cannot have a tag.',
    },
  );
}

function requireMatch(
  pattern: RegExp,
  maxLength: number,
  value: string,
  what: string,
  expected: string,
  refusal: { exitCode?: 1 | 2; hint?: string } = {},
): void {
  // Check the length first, because matching a megabyte against a pattern could take very long.
  if (value.length <= maxLength && pattern.test(value)) return;
  throw new UserError(`${what} is "${cleanLine(value, 80)}", which is not ${expected}`, refusal);
}
