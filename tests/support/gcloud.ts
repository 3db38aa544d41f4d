import { gcloudVariables } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';

/** The environment, but for the PATH, in which gcloud works on an emulator and touches nobody's configuration. */
export function gcloudEnv({ host }: Emulator, configFolder: string): Record<string, string> {
  return {
    HOME: configFolder,
    CLOUDSDK_CONFIG: configFolder,
    ...Object.fromEntries(gcloudVariables(host, ['RUN', 'LOGGING', 'SECRETMANAGER'])),
    CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API: 'false',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
  };
}
