export type { CheckWork, MatrixCheck } from '../check.ts';
export { frame, linesDisplay } from '../display.ts';
export type { ResultsFile } from '../files/results.ts';
export {
  type CheckId,
  explanationOf,
  type MatrixOutcome,
  type MatrixResult,
  overallOf,
  requiredWord,
  resultLine,
  totalsOf,
} from '../outcome.ts';
export { runChecks } from '../run.ts';
export { cargoTestWork } from './cargo-test.ts';
export { childEnvironment, commandWork } from './command.ts';
