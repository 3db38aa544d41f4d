export type { ControlServiceBehaviour } from './behaviour.ts';
export { signBypass } from './maintenance.ts';
export { type ControlService, type ControlServiceOptions, startControlService } from './server.ts';
export { isHashed } from './static-files.ts';
