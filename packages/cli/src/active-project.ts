import { runCommand } from './command.ts';
import { UserError } from './errors.ts';
import { interruptible } from './interruption.ts';

/**
 * The project to act on: what was given, else gcloud's active one. Asks gcloud only when nothing was given; reads
 * local configuration, never the network. Throws a UserError if there is no project.
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
  // gcloud prints the placeholder, not nothing, in some of its versions.
  return answer.exitCode === 0 && project !== '' && project !== '(unset)' ? project : undefined;
}
