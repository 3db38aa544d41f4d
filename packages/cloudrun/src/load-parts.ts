/**
 * Parts of the package that one script each needs. Loaded when asked for and not before: every other script would start
 * up later for them.
 */

/** The checks of the runbook's preconditions in the cloud. */
export function loadPreflight(): Promise<typeof import('./preflight/check-cloud.ts')> {
  return import('./preflight/check-cloud.ts');
}

/** Opening, closing and looking at a maintenance window. */
export function loadMaintenance(): Promise<typeof import('./maintenance/index.ts')> {
  return import('./maintenance/index.ts');
}
