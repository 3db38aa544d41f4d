export {
  type DeploymentRequest,
  type JoinRequest,
  joinEvidence,
  joinEvidenceByUrl,
  openEvidence,
} from './evidence/begin.ts';
export { type Evidence, noEvidence } from './evidence/evidence.ts';
export { readReport } from './read-report.ts';
export type { Display } from './matrix/display/display.ts';
export { openDisplay } from './matrix/display/open.ts';
export { addStepSummary, openResultsFolder, type ResultsFolder } from './matrix/files/folder.ts';
export type { ResultsFile } from './matrix/files/json.ts';
export { compactTime } from './matrix/files/summary.ts';
export { interruptedBySignal } from './matrix/interruption.ts';
export { matrixFailure, matrixVerdict, runMatrix } from './matrix/matrix.ts';
export type { CheckId, CheckResult, MatrixOutcome } from './matrix/outcome.ts';
export { type MatrixPlan, planMatrix } from './matrix/plan.ts';
export { matrixSettings } from './matrix/settings.ts';
export type { GateEvidence } from './record/gate-entries.ts';
export type { ReportRecord } from './record/schema.ts';
export { rollbackCommand, stableRevision, trafficNow } from './record/split.ts';
export { evidenceSettings } from './settings.ts';
