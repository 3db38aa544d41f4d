import { ownCommand, type Variable } from '@deploy/cli';
import type { ServiceLocation } from './service-location.ts';

/** A command line that runs one of this project's scripts for a service, complete and ready to paste. */
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
