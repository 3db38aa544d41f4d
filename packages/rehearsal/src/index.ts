export { readRequest, rehearsalSettings } from './command-line.ts';
export { rehearse } from './rehearse.ts';
export { PARTS } from './steps/parts.ts';
