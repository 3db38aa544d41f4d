export { renderPreflight } from './render.ts';
export { annotateFindings, requireNoErrors, runPreflight } from './run.ts';
export { imageSetting, preflightSettings } from './settings.ts';
