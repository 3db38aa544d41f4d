import type { GateId } from './gates.ts';

/** The variable by which turbo knows a gate's inputs; it is part of the task's hash (turbo.json). */
export function fingerprintVariable(gate: GateId): string {
  return `GATES_FINGERPRINT_${gate.toUpperCase().replaceAll('-', '_')}`;
}
