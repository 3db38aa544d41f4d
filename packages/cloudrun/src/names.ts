import { cleanLine, UserError } from '@deploy/cli';
import type { ServiceLocation } from './service-location.ts';

// Lower-case letters, digits and hyphens, a letter first and no hyphen last, is what the Admin API's CreateService
// and gcloud's --revision-suffix document for services (at most 49 characters) and revisions (at most 63).
const NAME = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;

// Project IDs, also the older `example.com:project` form: no slash or space may reach a resource path.
const PROJECT = /^[a-z0-9][a-z0-9.:-]{0,99}$/;
const REGION = /^[a-z]+(?:-[a-z]+)*-?[a-z]*[0-9]+$/;

// repository path [:tag] [@digest], as OCI references are written; no leading hyphen, no white space.
const IMAGE = /^[a-zA-Z0-9][a-zA-Z0-9._/:@+-]*$/;

const VARIABLES: ServiceLocation = { project: 'PROJECT', region: 'REGION', service: 'SERVICE' };

/**
 * Where a service is, once its names are known to be possible ones. Throws a UserError that names the variable that one
 * of them was read from.
 */
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

/** Throws a UserError unless this can be a job's name: the same rule as for services, up to 63 characters. */
export function requireJobName(name: string, variable: string): void {
  requireMatch(
    NAME,
    63,
    name,
    variable,
    'a job name: lower-case letters, digits and hyphens, a letter first',
  );
}

/** Throws a UserError (exit code 2, it is an argument) unless this can be a revision's name. */
export function requireRevisionName(name: string, argument: string): void {
  requireMatch(NAME, 63, name, argument, 'a revision name such as my-service-00042-abc', 2);
}

export function requireImage(name: string, argument: string, exitCode: 1 | 2 = 1): void {
  requireMatch(
    IMAGE,
    512,
    name,
    argument,
    'an image reference such as host/project/repository/image:tag',
    exitCode,
  );
}

// A tag and its service's name make one label of a host name: "Combined traffic tag and service name cannot exceed 46
// characters." (https://github.com/PolicyEngine/policyengine-api/issues/3729).
const LONGEST_TAG_AND_SERVICE = 46;

/** Throws a UserError unless the service can have a tag of this name. */
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
    `${variable} is "${tag}", which is too long: a tag and the name of its service have ${LONGEST_TAG_AND_SERVICE} characters together, and ${service} has ${service.length}`,
    {
      hint: longest > 0 ? `Choose a tag of at most ${longest} characters.` : 'This service can have no tag.',
    },
  );
}

function requireMatch(
  pattern: RegExp,
  maxLength: number,
  value: string,
  what: string,
  expected: string,
  exitCode: 1 | 2 = 1,
): void {
  // The length first: what a pattern does with a megabyte is nothing to wait for.
  if (value.length <= maxLength && pattern.test(value)) return;
  throw new UserError(`${what} is "${cleanLine(value, 80)}", which is not ${expected}`, { exitCode });
}
