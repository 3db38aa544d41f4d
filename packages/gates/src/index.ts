export { type Explanation, explainGates } from './explain.ts';
export { gateIds } from './gates.ts';
export { type GateResult, type GateRun, requirePassed } from './result.ts';
export { runGates, runWebShellBuild } from './run.ts';
export { type GateChoices, gateSettings } from './settings.ts';
export { checkTools } from './tools/check.ts';
