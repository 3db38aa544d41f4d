import { UserError } from '@deploy/cli';
import { CloudError } from '@deploy/cloudrun';
import type { CheckWork } from '../check.ts';

/** A check that asks Google. When Google refuses, the message names the variables that the matrix reads. */
export function cloudCheck(names: string, work: CheckWork): CheckWork {
  return async (log, signal) => {
    try {
      return await work(log, signal);
    } catch (error) {
      throw error instanceof CloudError ? inTheseWords(error, names) : error;
    }
  };
}

function inTheseWords(error: CloudError, names: string): UserError {
  const hint = hintFor(error, names);
  return new UserError(error.message, { ...(hint && { hint }), cause: error });
}

function hintFor({ kind, hint }: CloudError, names: string): string | undefined {
  switch (kind) {
    case 'not-found':
      return `Check GCP_PROJECT, GCP_REGION, ${names}.`;
    case 'forbidden':
      return 'Check GCP_PROJECT and the account (gcloud config list); the checks require roles/run.viewer and roles/logging.viewer.';
    default:
      return hint;
  }
}
