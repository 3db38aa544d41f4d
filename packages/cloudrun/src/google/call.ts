import { asCloudError, type CallSubject, CloudError } from './cloud-error.ts';

/**
 * Makes a call that may be made twice without harm, such as a read: repeated, with growing pauses, for as long as there
 * is no answer or the platform asks for patience. Throws a CloudError.
 */
export async function repeatableCall<T>(subject: CallSubject, call: () => Promise<T>): Promise<T> {
  const { default: pRetry } = await import('p-retry');
  return pRetry(() => callOnce(subject, call), {
    retries: 4,
    minTimeout: 200,
    factor: 2.5,
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
