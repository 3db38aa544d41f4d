export { findRustTools, prepareCargo } from './cargo-stand-in.ts';
export { childEnvironment } from './environment.ts';
export { nobodysGitEnvironment } from './nobodys-git.ts';
export { type SampleCheckout, sampleCheckout, sampleCheckoutFolder } from './sample-checkout.ts';
export { applyScenario, readScenario } from './scenario.ts';
export { DOMAIN, NEW_IMAGE, PROJECT, SERVICE, STAGING, STAGING_SERVICE } from './staging.ts';
