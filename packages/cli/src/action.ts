import type { Output } from './output.ts';

/**
 * Something that a script does in the cloud: a function, and the gcloud command line that would do the same. A read
 * that only prepares another action has no command line.
 */
export type Action<T> = {
  announcement?: string;
  perform(): Promise<T>;
};

export type Performed<T> = { dryRun: true } | { dryRun: false; outcome: T };

/**
 * Announces an action as `+ <command line>`, if it has one, and then performs it unless this is a dry run. Every action
 * goes through here, so a dry run announces what a real run does.
 */
export async function performAction<T>(
  action: Action<T>,
  { dryRun, out }: { dryRun: boolean; out: Output },
): Promise<Performed<T>> {
  if (action.announcement !== undefined) out.data(`+ ${action.announcement}`);
  if (dryRun) return { dryRun: true };
  return { dryRun: false, outcome: await action.perform() };
}
