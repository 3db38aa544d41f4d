export { verifyFromOutside } from './outside.ts';
export { describeMaintenance, maintenanceStatus, maintenanceStatusYaml } from './status.ts';
export { checkWindow, disableMaintenance, enableMaintenance } from './window.ts';
