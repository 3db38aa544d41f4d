export { startEmulator } from './emulator.ts';
export type { Fault, RequestMatch, Trigger } from './faults.ts';
export type { RecordedKnativeService } from './knative/types.ts';
export type {
  Emulator,
  EmulatorOptions,
  EnvSeed,
  ExecutionSeed,
  ImageBehaviour,
  JobSeed,
  LogEntrySeed,
  RecordedRequest,
  RecordedServiceSeed,
  ServiceSeed,
} from './options.ts';
export type { RevisionJson, ServiceJson, TrafficTargetJson } from './service/resources.ts';
