export { startEmulator } from './emulator.ts';
export type { Fault, RequestMatch, Trigger } from './faults.ts';
export type { Emulator, EmulatorOptions, ImageBehaviour, RecordedRequest, ServiceSeed } from './options.ts';
