/**
 * The validation matrix. Loaded when it is asked for and not before: the other commands, which only write evidence, would
 * start up later for it.
 */
export function loadMatrix(): Promise<typeof import('./matrix/index.ts')> {
  return import('./matrix/index.ts');
}
