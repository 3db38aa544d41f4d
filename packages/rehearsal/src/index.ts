export { prepareCargo } from './cargo-stand-in.ts';
export { readRequest, rehearsalSettings } from './command-line.ts';
export {
  ENDINGS,
  type Ending,
  type EndingResult,
  rehearseEndings,
} from './endings.ts';
export { childEnvironment } from './environment.ts';
export { matrixSeeds, matrixSteps, PRODUCTION } from './matrix.ts';
export { PARTS } from './parts.ts';
export { rehearse } from './rehearse.ts';
export { rolloutSteps } from './rollout.ts';
export { findRustTools } from './rust-tools.ts';
export { type SampleCheckout, sampleCheckout, sampleCheckoutFolder } from './sample-checkout.ts';
export { applyScenario, readScenario } from './scenario.ts';
export { DOMAIN, NEW_IMAGE, PROJECT, SERVICE, STAGING, STAGING_SERVICE } from './staging.ts';
