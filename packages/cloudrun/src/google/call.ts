import { asCloudError, type CallSubject, CloudError } from './cloud-error.ts';

/**
 * How long to keep repeating a call: `usual` means up to 5 seconds, `a poll` up to 15 seconds, and `a minute` up to one
 * minute, which is long enough for a quota per minute to be renewed.
 */
export type Patience = 'usual' | 'a poll' | 'a minute';

const PAUSES: Readonly<Record<Patience, { retries: number; minTimeout: number; factor: number }>> = {
  usual: { retries: 4, minTimeout: 200, factor: 2.5 },
  'a poll': { retries: 4, minTimeout: 1000, factor: 2 },
  'a minute': { retries: 6, minTimeout: 1000, factor: 2 },
};

/**
 * Makes a call that is safe to repeat, such as a read. Repeats it, with growing pauses, while there is no answer or the
 * platform asks to slow down. Throws a CloudError.
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

/**
 * Makes a call exactly once, because only the caller can know whether a write is safe to repeat. Throws a CloudError.
 */
export async function callOnce<T>(subject: CallSubject, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw asCloudError(subject, thrown);
  }
}
