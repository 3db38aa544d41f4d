import { join } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';

/** The folder that reports are in, relative to the root of the checkout. */
export function reportsFolder({ serviceDir }: TargetCheckout): string {
  return join(serviceDir, 'docs', 'reports');
}
