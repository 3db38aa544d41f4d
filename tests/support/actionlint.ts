import { join } from 'node:path';
import { runCommand } from '@deploy/cli';

/** The linter of workflows, on the PATH or where Go installs programs; undefined when this machine has not got it. */
export async function actionlint(): Promise<string | undefined> {
  const go = await runCommand(['go', 'env', 'GOPATH']);
  const installed = go.exitCode === 0 ? [join(go.stdout.trim(), 'bin/actionlint')] : [];
  for (const program of ['actionlint', ...installed]) {
    if ((await runCommand([program, '-version'])).exitCode === 0) return program;
  }
  return undefined;
}
