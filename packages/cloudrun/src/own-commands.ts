import { ownCommand, type Variable } from '@deploy/cli';
import type { ServiceLocation } from './service-location.ts';

/** A command line that calls one of this project's scripts about a service, complete and ready to paste. */
export function serviceCommand(
  { project, region, service }: ServiceLocation,
  script: string,
  args: readonly string[] = [],
  variables: readonly Variable[] = [],
): string {
  return ownCommand(script, args, [
    ['PROJECT', project],
    ['REGION', region],
    ['SERVICE', service],
    ...variables,
  ]);
}
