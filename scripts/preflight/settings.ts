export { imageSetting, preflightSettings } from '@deploy/preflight';
