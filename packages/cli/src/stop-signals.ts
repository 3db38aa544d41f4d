const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
// One Ctrl-C comes up to three times within some 60 ms: from the terminal, passed on by pnpm, and passed on by tsx.
const SAME_CTRL_C_MS = 1000;

/**
 * Until it is disposed of, a process that is asked to stop (Ctrl-C, SIGTERM, a closed terminal) does what `first` says
 * instead of ending, and what `again` says when it is asked once more.
 */
export function onStopSignals(
  first: (signal: NodeJS.Signals) => void,
  again: (signal: NodeJS.Signals) => void = () => {},
): Disposable {
  let askedAtMs: number | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    if (askedAtMs === undefined) {
      askedAtMs = performance.now();
      first(signal);
    } else if (performance.now() - askedAtMs > SAME_CTRL_C_MS) again(signal);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, listener);
    },
  };
}
