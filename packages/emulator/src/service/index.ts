export type { ContainerJson } from './resources.ts';
export { validateService, validateServiceName } from './validate.ts';
