export type { Clock } from './clock.ts';
export type { ContainerProgram } from './container/program.ts';
export { type DomainSeed, domainMapping } from './domains/mapping.ts';
export type { DomainMappingJson } from './domains/types.ts';
export { startEmulator } from './emulator.ts';
export type { Fault, OperationFate, RequestMatch, Trigger } from './faults.ts';
export type { RecordedKnativeService } from './knative/types.ts';
export type { Load, LoadOptions } from './load/generator.ts';
export { parseRate } from './load/rate.ts';
export type {
  Emulator,
  EmulatorOptions,
  EnvSeed,
  ExecutionSeed,
  ImageBehaviour,
  JobSeed,
  LogEntrySeed,
  PastRequest,
  PolicyBinding,
  RecordedRequest,
  RecordedServiceSeed,
  ServiceSeed,
} from './options.ts';
export type { RevisionJson, ServiceJson, TrafficTargetJson } from './service/resources.ts';
export type { ImageFaults } from './traffic/image-faults.ts';
