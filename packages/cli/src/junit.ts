/** A JUnit test suite. `startedAt` is RFC 3339. */
export type JunitSuite = {
  name: string;
  startedAt: string;
  durationMs: number;
  properties?: Readonly<Record<string, string>>;
  cases: readonly JunitCase[];
};

export type JunitCase = { area: string; name: string; durationMs: number } & (
  | { state: 'passed' }
  | { state: 'failed'; message: string; details: string }
  | { state: 'skipped'; message: string }
);

/** The suite as JUnit XML. Characters that XML cannot hold are replaced. */
export async function junitXml(suite: JunitSuite): Promise<string> {
  const { create } = await import('xmlbuilder2');
  const count = (state: JunitCase['state']): number =>
    suite.cases.filter((each) => each.state === state).length;
  const root = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' }).ele(
    'testsuite',
    {
      name: suite.name,
      tests: suite.cases.length,
      failures: count('failed'),
      skipped: count('skipped'),
      timestamp: suite.startedAt,
      time: suite.durationMs / 1000,
    },
  );
  if (suite.properties !== undefined) {
    const properties = root.ele('properties');
    for (const [name, value] of Object.entries(suite.properties)) properties.ele('property', { name, value });
  }
  for (const each of suite.cases) {
    const { area, name, durationMs } = each;
    const testcase = root.ele('testcase', { classname: area, name, time: durationMs / 1000 });
    if (each.state === 'failed') testcase.ele('failure', { message: each.message }).txt(each.details);
    if (each.state === 'skipped') testcase.ele('skipped', { message: each.message });
  }
  return root.end({ prettyPrint: true });
}
