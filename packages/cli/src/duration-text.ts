/** A duration for people: `850 ms`, `12.3 s`, `4 min 5 s`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : wholeSecondsText(ms);
}

/** The same in whole seconds, for a display that counts them: `0 s`, `12 s`, `4 min 5 s`. */
export function wholeSecondsText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
