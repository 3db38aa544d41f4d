import { below400, type Check } from '../check.ts';

export const healthCheck: Check = {
  id: 'health',
  request: { method: 'GET', path: '/healthz' },
  judge: below400,
};

export const readinessCheck: Check = {
  id: 'readiness',
  request: { method: 'GET', path: '/readyz' },
  judge: below400,
};
