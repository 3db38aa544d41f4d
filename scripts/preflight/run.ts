export { annotateFindings, requireNoErrors, runPreflight } from '@deploy/preflight';
