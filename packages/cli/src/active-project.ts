import { runCommand } from './command.ts';
import { UserError } from './errors.ts';
import { interruptible } from './interruption.ts';

/**
 * The project to use: the given one, or else gcloud's active one, which gcloud reads from its local configuration
 * without the network. Throws a UserError if there is no project.
 */
export async function resolveProject(given: string | undefined, signal?: AbortSignal): Promise<string> {
  const project = given ?? (await interruptible(signal, activeGcloudProject));
  if (project !== undefined) return project;
  throw new UserError('no project: PROJECT is unset and gcloud has no active project', {
    hint: 'Set PROJECT=<project id>, or run: gcloud config set project <project id>',
  });
}

async function activeGcloudProject(): Promise<string | undefined> {
  const answer = await runCommand(['gcloud', 'config', 'get-value', 'project']);
  const project = answer.stdout.trim();
  // Some versions of gcloud print this placeholder instead of nothing.
  return answer.exitCode === 0 && project !== '' && project !== '(unset)' ? project : undefined;
}
