export { smokeUserAgent } from '../http.ts';
export { askedToWaitMs } from '../retry.ts';
export { entryCacheProbe, manifestProbe } from './static.ts';
