import { IMAGES } from './cloud.ts';

/** A template with everything in it that the vendor's client for Cloud Run does not know yet and erases. */
export const NEWER_TEMPLATE = {
  scaling: { minInstanceCount: 1, maxInstanceCount: 9, cpuUtilization: 0, concurrencyUtilization: 0.6 },
  timeout: '300s',
  terminationGracePeriod: '45s',
  client: 'terraform',
  clientVersion: '7.45.0',
  healthCheckDisabled: true,
  executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN3',
  containers: [
    { name: 'app', image: `${IMAGES}:one`, ports: [{ containerPort: 8080 }], sandboxLauncher: true },
  ],
  volumes: [
    { name: 'scratch', emptyDir: { medium: 'DISK', sizeLimit: '10Gi' } },
    { name: 'files', fileStore: { server: '10.0.0.2', path: '/share' } },
  ],
};
