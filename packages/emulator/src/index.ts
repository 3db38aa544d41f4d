export type { ContainerProgram } from './container/program.ts';
export { type DomainMappingJson, domainMapping } from './domains/mapping.ts';
export { startEmulator } from './emulator.ts';
export type { Fault, OperationFate, Trigger } from './faults.ts';
export type { RecordedKnativeService } from './knative/types.ts';
export { parseRate } from './load/generator.ts';
export type { Emulator, EmulatorOptions, ServiceSeed } from './options.ts';
export type { ServiceJson, TrafficTargetJson } from './service/resources.ts';
export type { ImageFaults } from './traffic/image-faults.ts';
