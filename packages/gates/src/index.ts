export { type Explanation, explainGates } from './explain.ts';
export { type GateId, gateIds } from './gates.ts';
export { type GateResult, type GateRun, requirePassed } from './result.ts';
export { runGates, runWebShellBuild, type VerificationRequest } from './run.ts';
export { type GateChoices, gateSettings } from './settings.ts';
export { checkTools } from './tools/check.ts';
