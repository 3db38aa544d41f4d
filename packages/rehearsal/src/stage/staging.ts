import { domainMapping, type EmulatorOptions, type ServiceSeed } from '@deploy/emulator';

export const PROJECT = 'openagentsgemini';
export const SERVICE = 'openagents-control-service-staging';
export const DOMAIN = 'staging.openagents.com';
export const IMAGES = `us-central1-docker.pkg.dev/${PROJECT}/openagents-control-service/control`;
const STABLE_IMAGE = `${IMAGES}:stable`;
export const NEW_IMAGE = `${IMAGES}:candidate`;

const fromSecret = (secret: string) => ({ secret, version: 'latest' });

/** The variables that the runbook requires, and the web shell's folder in the image. */
const ENVIRONMENT = {
  WORKOS_CLIENT_ID: fromSecret('staging-workos-client-id'),
  WORKOS_API_KEY: fromSecret('staging-workos-api-key'),
  OA_AUTH_PROVIDER_MODE: 'workos',
  OA_SYNC_TOKEN_ENABLED: 'true',
  OA_SYNC_TOKEN_SIGNING_KEY: fromSecret('staging-sync-token-signing-key'),
  OA_SYNC_TOKEN_ISSUER: `https://${DOMAIN}`,
  OA_SYNC_TOKEN_AUDIENCE: 'openagents-sync',
  OA_ROUTE_SPLIT_ENABLED: 'true',
  OA_ROUTE_SPLIT_MODE: 'rust',
  OA_CONTROL_STATIC_DIR: '/app/web-shell/dist',
};

export const STAGING_SERVICE = {
  name: SERVICE,
  image: STABLE_IMAGE,
  env: ENVIRONMENT,
  serviceAccount: '157437760789-compute@developer.gserviceaccount.com',
} satisfies ServiceSeed;

/** The staging project as a rollout finds it: complete, except that its domain's certificate is still pending. */
export const STAGING = {
  project: PROJECT,
  services: [STAGING_SERVICE],
  repositories: { [IMAGES]: ['older', 'stable', 'candidate'] },
  secrets: {
    'staging-workos-client-id': 'client_of_the_rehearsal',
    'staging-workos-api-key': 'sk_of_the_rehearsal_0123456789',
    'staging-sync-token-signing-key': 'signing-key-of-the-rehearsal-0123456789',
  },
  domainMappings: [domainMapping({ domain: DOMAIN, service: SERVICE, certificate: 'pending' })],
} satisfies EmulatorOptions;
