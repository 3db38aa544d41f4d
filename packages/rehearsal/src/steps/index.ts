export { ENDINGS, type Ending, type EndingResult, rehearseEndings } from './endings.ts';
export { matrixSeeds, matrixSteps, PRODUCTION } from './matrix.ts';
export { rolloutSteps } from './rollout.ts';
