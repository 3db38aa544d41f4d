export type { GateId } from './gates.ts';
export {
  type GateRequest,
  type GateResult,
  type GateRun,
  requirePassed,
  runGates,
  runWebShellBuild,
} from './run.ts';
export { checkTools, type ToolCheckRequest } from './tools/check.ts';
