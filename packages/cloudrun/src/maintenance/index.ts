export type { MaintenanceWish } from './environment.ts';
export { afterWindow } from './next-steps.ts';
export { verifyFromOutside } from './outside.ts';
export { planMaintenance, type Situation, type SplitBefore } from './plan.ts';
export { describeMaintenance, maintenanceStatus, maintenanceStatusYaml } from './status.ts';
export { prepareToken, withStoredToken } from './token.ts';
export { checkMaintenanceValues, checkToken, maintenanceSettings } from './values.ts';
export { checkWindow, disableMaintenance, enableMaintenance } from './window.ts';
