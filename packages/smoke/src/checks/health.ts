import { below400, type Probe } from '../check.ts';

export const healthProbe: Probe = { request: { method: 'GET', path: '/healthz' }, judge: below400 };

export const readinessProbe: Probe = { request: { method: 'GET', path: '/readyz' }, judge: below400 };
