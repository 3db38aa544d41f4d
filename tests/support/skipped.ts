/** A test, or a suite with all that is in it, that could not run on this machine. */
export type SkippedTest = { name: string; file: string; why: string };

/** Says what was skipped, for each reason how many and which. The reasons say how to get what is missing. */
export function skippedLines(skipped: readonly SkippedTest[]): string[] {
  if (skipped.length === 0) return ['Nothing was skipped.'];
  const reasons = Map.groupBy(skipped, ({ why }) => why);
  return [
    `Skipped on this machine: ${skipped.length} tests or whole suites.`,
    ...[...reasons].flatMap(([why, tests]) => [
      `${tests.length} because ${why}`,
      ...tests.map(({ name, file }) => `    ${name} (${file})`),
    ]),
  ];
}
