import type { Emulator } from '@deploy/emulator';

/** The environment, but for the PATH, in which gcloud works on an emulator and touches nobody's configuration. */
export function gcloudEnv({ host }: Emulator, configFolder: string): Record<string, string> {
  const port = host.slice(host.lastIndexOf(':') + 1);
  // gcloud puts the region in front of the endpoint's host, which then resolves nowhere: it goes by way of a proxy.
  return {
    HOME: configFolder,
    CLOUDSDK_CONFIG: configFolder,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: `http://localhost:${port}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING: `http://localhost:${port}/`,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER: `http://localhost:${port}/`,
    CLOUDSDK_PROXY_TYPE: 'http',
    CLOUDSDK_PROXY_ADDRESS: '127.0.0.1',
    CLOUDSDK_PROXY_PORT: port,
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'local',
    CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API: 'false',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
  };
}
