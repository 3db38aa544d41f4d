import { UserError } from '@deploy/cli';
import { CloudError } from '@deploy/cloudrun';
import type { CheckWork } from '../check.ts';

/** Wraps `work`, a check that calls Google: if a call fails, the error's hint names the variables that the matrix reads. */
export function cloudCheck(variables: string, work: CheckWork): CheckWork {
  return async (log, signal) => {
    try {
      return await work(log, signal);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const hint = hintFor(error, variables);
      throw new UserError(error.message, { ...(hint && { hint }), cause: error });
    }
  };
}

function hintFor({ kind, hint }: CloudError, variables: string): string | undefined {
  switch (kind) {
    case 'not-found':
      return `Check GCP_PROJECT, GCP_REGION, ${variables}.`;
    case 'forbidden':
      return 'Check GCP_PROJECT and the account (gcloud config list); the checks require roles/run.viewer and roles/logging.viewer.';
    default:
      return hint;
  }
}
