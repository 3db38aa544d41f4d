export { renderPreflight } from '@deploy/preflight';
