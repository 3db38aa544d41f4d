import type { CellResult } from './simulate.ts';

/** The share of promotions that were rolled back, in percent. */
export function rolledBackPercent({ rolledBack, promotions }: CellResult): number {
  return (rolledBack / promotions) * 100;
}

export function plainPercent({ plainRolledBack, promotions }: CellResult): number {
  return (plainRolledBack / promotions) * 100;
}

export function heldPercent({ held, promotions }: CellResult): number {
  return (held / promotions) * 100;
}

/**
 * The minute of the walk by which half of all promotions were rolled back; undefined when fewer than half ever were.
 */
export function medianMinute({ byMinute, promotions }: CellResult): number | undefined {
  let sum = 0;
  for (const [minute, count] of byMinute.entries()) {
    sum += count;
    if (sum * 2 >= promotions) return minute;
  }
  return undefined;
}

/** How many failures the middle one of those promotions had let through that were rolled back. */
export function medianBadAnswers({ badAnswers }: CellResult): number | undefined {
  return [...badAnswers].sort((a, b) => a - b)[Math.floor(badAnswers.length / 2)];
}

/** `0`, `0.06`, `4.2`, `76`: as many digits as are worth reading. */
export function shortPercent(percent: number): string {
  if (percent === 0) return '0';
  return String(
    percent < 1
      ? Number(percent.toFixed(2))
      : percent < 10
        ? Number(percent.toFixed(1))
        : Math.round(percent * 10) / 10,
  );
}
