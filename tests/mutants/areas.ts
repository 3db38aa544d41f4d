/**
 * Files of a folder whose lines are mutated, and the tests that look at them. A folder may have several such parts, so
 * that quick tests are not held up by slow ones. Paths are from the project's root.
 */
export type Area = {
  folder: string;
  /** Names in the folder. */
  files: readonly string[];
  tests: readonly string[];
};

/**
 * Where a wrong line costs somebody their traffic, or gives a false verdict. Stryker finds out by itself which of an
 * area's test files reach which mutant; naming them here keeps it from running hundreds that reach none. The quickest
 * come first: the first test that fails ends a mutant.
 */
export const AREAS: readonly Area[] = [
  {
    folder: 'packages/cloudrun/src/service',
    files: ['traffic.ts'],
    tests: ['tests/cloudrun/traffic.test.ts'],
  },
  {
    folder: 'packages/cloudrun/src/service',
    files: ['change.ts'],
    tests: [
      'tests/cloudrun/write-answers.test.ts',
      'tests/cloudrun/change-moments.test.ts',
      'tests/cloudrun/write-interrupted.test.ts',
    ],
  },
  {
    folder: 'packages/cloudrun/src/service',
    files: ['shift-traffic.ts', 'deploy.ts'],
    tests: [
      'tests/cloudrun/shift-traffic.test.ts',
      'tests/cloudrun/deploy.test.ts',
      'tests/cloudrun/write-verdict.test.ts',
      'tests/cloudrun/write-answers.test.ts',
      'tests/cloudrun/change-moments.test.ts',
    ],
  },
  {
    folder: 'packages/cloudrun/src/service',
    files: ['settle.ts'],
    tests: ['tests/cloudrun/settle.test.ts', 'tests/cloudrun/write-interrupted.test.ts'],
  },
  {
    folder: 'packages/cloudrun/src/maintenance',
    files: ['plan.ts'],
    tests: ['tests/cloudrun/maintenance-plan.test.ts'],
  },
  {
    folder: 'packages/cli/src',
    files: ['secret.ts', 'secret-forms.ts', 'secret-variables.ts', 'settings.ts'],
    tests: [
      'tests/cli/redaction.test.ts',
      'tests/cli/secret-variables.test.ts',
      'tests/cli/settings.test.ts',
    ],
  },
  {
    folder: 'packages/gates/src',
    files: ['staleness.ts'],
    tests: ['tests/gates/staleness.test.ts'],
  },
  {
    folder: 'packages/gates/src',
    files: ['fingerprint.ts'],
    tests: ['tests/gates/fingerprint.test.ts'],
  },
  {
    folder: 'packages/smoke/src/checks',
    files: ['routes.ts', 'static.ts'],
    tests: ['tests/smoke/checks.test.ts'],
  },
  {
    folder: 'packages/smoke/src/checks',
    files: ['post-stage.ts'],
    tests: ['tests/smoke/post-stage.test.ts'],
  },
  {
    folder: 'packages/smoke/src',
    files: ['check.ts', 'judge.ts', 'control-checks.ts', 'suite.ts'],
    tests: ['tests/smoke/checks.test.ts'],
  },
  {
    folder: 'packages/matrix/src',
    files: ['outcome.ts'],
    tests: ['tests/matrix/outcome.test.ts', 'tests/matrix/files.test.ts'],
  },
  {
    folder: 'packages/report/src/record',
    files: ['verdict.ts'],
    tests: ['tests/report/verdict.test.ts'],
  },
  {
    folder: 'packages/emulator/src/service',
    files: ['validate.ts'],
    tests: ['tests/emulator/validate.test.ts', 'tests/emulator/admin-v2.test.ts'],
  },
];
