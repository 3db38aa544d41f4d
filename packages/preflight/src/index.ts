export { renderPreflight } from './render.ts';
export { annotateFindings, gatesLeft, requireNoErrors, runPreflight } from './run.ts';
export { imageSetting, preflightSettings, productionDomainSetting } from './settings.ts';
