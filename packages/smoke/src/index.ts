export { readServedBuild } from './build.ts';
export { runControlSmoke } from './control-suite.ts';
export { runHealthSmoke } from './health-suite.ts';
export type { SmokeClientOptions } from './http.ts';
export { decisiveFailure, isOutOfReach, type SmokeOutcome, type SmokeResult } from './outcome.ts';
export { runPostStageChecks, whySkipped } from './post-stage-suite.ts';
export { smokeFailure, smokeLines, smokeNotes } from './render.ts';
export { reportSmoke } from './report.ts';
export { bypassTokenText, controlSmokeSettings, requireBaseUrl, smokeSettings } from './settings.ts';
