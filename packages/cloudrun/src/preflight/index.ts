export { type CloudCheckRequest, type CloudFacts, checkCloud } from './check-cloud.ts';
