export { signBypass } from './maintenance.ts';
export { type ControlService, type ControlServiceOptions, startControlService } from './server.ts';
export { isHashed } from './static-files.ts';
