export { requireServing } from './outcome.ts';
export { verifyFromOutside } from './outside.ts';
export { describeMaintenance, maintenanceStatus, maintenanceStatusYaml } from './status.ts';
export { disableMaintenance, enableMaintenance } from './window.ts';
