import { asCloudError, type CallSubject, CloudError } from './cloud-error.ts';

/**
 * How the pauses between the tries of a call grow. `usual`: five seconds in all. A quota that renews every minute takes longer
 * pauses: `a poll` gives up after 15 seconds, `a minute` after one, when the quota has been renewed.
 */
export type Patience = 'usual' | 'a poll' | 'a minute';

const PAUSES: Readonly<Record<Patience, { retries: number; minTimeout: number; factor: number }>> = {
  usual: { retries: 4, minTimeout: 200, factor: 2.5 },
  'a poll': { retries: 4, minTimeout: 1000, factor: 2 },
  'a minute': { retries: 6, minTimeout: 1000, factor: 2 },
};

/**
 * Makes a call that may be made twice without harm, such as a read: repeated, with growing pauses, for as long as there
 * is no answer or the platform asks for patience. Throws a CloudError.
 */
export async function repeatableCall<T>(
  subject: CallSubject,
  call: () => Promise<T>,
  patience: Patience = 'usual',
): Promise<T> {
  const { default: pRetry } = await import('p-retry');
  return pRetry(() => callOnce(subject, call), {
    ...PAUSES[patience],
    shouldRetry: ({ error }) =>
      error instanceof CloudError && (error.kind === 'unanswered' || error.kind === 'rate-limited'),
  });
}

/** Makes a call exactly once: whether a write may be repeated is for the writer to find out. Throws a CloudError. */
export async function callOnce<T>(subject: CallSubject, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw asCloudError(subject, thrown);
  }
}
