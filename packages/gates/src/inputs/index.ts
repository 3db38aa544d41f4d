export { gateEnvironment } from '../environment.ts';
export type { ExtraInput } from '../extra-inputs.ts';
export {
  type Fingerprint,
  type FingerprintOrWhyNot,
  fingerprintGates,
  touchedBetween,
} from '../fingerprint.ts';
export { findGate, type Gate, type GateId, verificationGates } from '../gates.ts';
export type { PassRecord } from '../pass-record.ts';
export type { VerificationRequest } from '../run.ts';
export { listed, whyNotUsed } from '../staleness.ts';
export { contentAt, readTree } from './tree.ts';
