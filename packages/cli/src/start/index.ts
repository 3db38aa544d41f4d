export { misspelledVariables } from '../misspelling.ts';
export { rememberCaller } from '../own-command.ts';
export { takeSecretsOut } from '../secret-variables.ts';
