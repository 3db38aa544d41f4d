const TICK_MS = 10;

/**
 * From here on, limits of so many milliseconds go by the turns that this process gets: one that is held up for seconds,
 * by a busy machine, does not run into a limit before it has done what comes before it.
 */
export function countTurnsFor(limitMs: number): void {
  const setRealTimeout = globalThis.setTimeout;
  const limit = (work: () => void): NodeJS.Timeout => {
    let leftMs = limitMs;
    // It ticks once in each turn at most, however long that took. `clearTimeout` ends it as well.
    const ticking = setInterval(() => {
      leftMs -= TICK_MS;
      if (leftMs > 0) return;
      clearInterval(ticking);
      work();
    }, TICK_MS);
    return ticking;
  };
  const setLimit = (work: () => void, ms?: number, ...rest: []): NodeJS.Timeout =>
    ms === limitMs ? limit(work) : setRealTimeout(work, ms, ...rest);
  globalThis.setTimeout = Object.assign(setLimit, setRealTimeout);

  const realTimeout = AbortSignal.timeout;
  AbortSignal.timeout = (ms) => {
    if (ms !== limitMs) return realTimeout.call(AbortSignal, ms);
    const controller = new AbortController();
    const timedOut = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    limit(() => controller.abort(timedOut)).unref();
    return controller.signal;
  };
}
