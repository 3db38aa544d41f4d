/** Picks one of several values by weight. */
export type Picker<T> = () => T | undefined;

/**
 * A smooth weighted round robin. If the weights add up to 100, any 100 picks contain each value exactly as often as its
 * weight says. The picks of a value are spread out. The platform picks at random, but tests need exact counts.
 */
export function weightedPicker<T>(choices: readonly { value: T; weight: number }[]): Picker<T> {
  const rows = choices.filter(({ weight }) => weight > 0).map((choice) => ({ ...choice, credit: 0 }));
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let best: (typeof rows)[number] | undefined;
    for (const row of rows) {
      row.credit += row.weight;
      if (best === undefined || row.credit > best.credit) best = row;
    }
    if (best !== undefined) best.credit -= total;
    return best?.value;
  };
}
