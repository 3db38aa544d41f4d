import { basename, dirname, join, relative } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import type { Crates } from './cargo.ts';

const REPORT = /^(?:\.staging-deploy-report\.lock|.*-staging-deploy-report(?:-\d+)?\.md)$/;

/** Whether a path is an evidence report, or the lock beside it. */
export function isReport(path: string, { serviceDir }: TargetCheckout): boolean {
  return (
    path.includes('-report') &&
    dirname(path) === join(serviceDir, 'docs/reports') &&
    REPORT.test(basename(path))
  );
}

/**
 * Whether a path of the checkout holds what builds, gates and deployments leave behind: it changes with every run and
 * is read by none. The evidence reports stand in the service's own folder, which is an input otherwise.
 */
export function isOutputOf(
  checkout: TargetCheckout,
  crates: readonly Crates[],
  root: string,
): (path: string) => boolean {
  const folders = [
    join(checkout.webShellDir, 'dist'),
    ...crates.map(({ targetDirectory }) => relative(root, targetDirectory)),
  ];
  return (path) => {
    const plain = path.endsWith('/') ? path.slice(0, -1) : path;
    return (
      folders.some((folder) => plain === folder || plain.startsWith(`${folder}/`)) ||
      isReport(plain, checkout)
    );
  };
}
