export { type ControlService, type ControlServiceOptions, startControlService } from './server.ts';
