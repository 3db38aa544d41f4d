import { basename, dirname, join, relative } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import type { Crates } from './cargo.ts';

const REPORT = /^(?:\.staging-deploy-report\.lock|.*-(?:staging|production)-deploy-report(?:-\d+)?\.md)$/;
// The perf scripts write these into the web shell, and no gate reads them.
const MEASURED = /^(?:latest|signoff-[^/]*)\.json$/;

/** Whether a path is a report of a deployment or of a perf script, or the lock file beside one. */
export function isReport(path: string, { serviceDir, webShellDir }: TargetCheckout): boolean {
  if (path.includes('-report') && dirname(path) === join(serviceDir, 'docs/reports'))
    return REPORT.test(basename(path));
  return (
    path.endsWith('.json') && dirname(path) === join(webShellDir, 'perf') && MEASURED.test(basename(path))
  );
}

/**
 * Whether a path of the checkout is an output of builds, gates or deployments. An output changes with every run, and no
 * gate reads it. Reports are recognised by their names, because the other files in their folders are inputs.
 */
export function isOutputOf(
  checkout: TargetCheckout,
  crates: readonly Crates[],
  root: string,
): (path: string) => boolean {
  const folders = [
    join(checkout.webShellDir, 'dist'),
    ...crates.flatMap(({ buildFolders }) => buildFolders.map((folder) => relative(root, folder))),
  ];
  const inside = folders.map((folder) => `${folder}/`);
  return (path) =>
    folders.includes(path) || inside.some((start) => path.startsWith(start)) || isReport(path, checkout);
}
