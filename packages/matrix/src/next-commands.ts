import { type Environment, type NextStep, ownCommand } from '@deploy/cli';
import { serviceCommand } from '@deploy/cloudrun';
import type { CheckId } from './outcome.ts';
import { matrixSettings } from './settings.ts';
import type { MatrixSettings } from './target.ts';

/** Variables that a second run must not take over from the first. */
const NOT_AGAIN: readonly string[] = [
  matrixSettings.outputDir.name,
  matrixSettings.only.name,
  matrixSettings.stepSummary.name,
];

/**
 * The command that runs these checks again with the same settings. Tokens are left out, because the operator's shell
 * still has them.
 */
export function rerunCommand(failed: readonly CheckId[], env: Environment): string {
  const given = Object.values(matrixSettings).flatMap((setting) => {
    const value = env[setting.name];
    const isSecret = 'secret' in setting && setting.secret;
    return value && !isSecret && !NOT_AGAIN.includes(setting.name) ? [[setting.name, value] as const] : [];
  });
  return ownCommand('validate-rust-cutover', [], [['MATRIX_ONLY', failed.join(',')], ...given]);
}

/**
 * The next step after the matrix has passed. The matrix may have checked staging, and SERVICE in the operator's shell
 * may be staging's. The command therefore names the production service: the same name without `-staging`.
 */
export function afterMatrix({ project, region, controlService }: MatrixSettings): NextStep {
  const service = controlService.replace(/-staging$/, '');
  return {
    says: 'next: commit the results; then, with the same image in IMAGE, deploy to production',
    command: serviceCommand({ project, region, service }, 'deploy-production'),
  };
}
