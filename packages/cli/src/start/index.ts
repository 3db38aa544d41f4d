export { misspelledVariables } from '../misspelling.ts';
export { createOutput } from '../output.ts';
export { rememberCaller } from '../own-command.ts';
export { takeSecretsOut } from '../secret-variables.ts';
export type { UsageData } from '../usage.ts';
