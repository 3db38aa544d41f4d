/**
 * Gives work a time limit that holds whatever the work does: when the time is up, the signal that it got is aborted, and
 * this rejects, without waiting for the work to notice.
 */
export async function withinLimit<T>(
  limitMs: number,
  timedOut: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise: timeIsUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = timedOut();
    reject(error);
    controller.abort(error);
  }, limitMs);
  try {
    return await Promise.race([work(controller.signal), timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
}
