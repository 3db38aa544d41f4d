import {
  type ControlService,
  type ControlServiceOptions,
  startControlService,
} from '@deploy/emulator/control-service';

/** A stand-in for the control service, disposable with `await using`; the image's environment unless told otherwise. */
export async function controlService(
  options: Partial<ControlServiceOptions> = {},
): Promise<ControlService & AsyncDisposable> {
  const service = await startControlService({
    image: 'registry.example.com/openagents/control:one',
    env: {},
    ...options,
  });
  return { ...service, [Symbol.asyncDispose]: service.close };
}

/** The environment of a service in its maintenance window. */
export const maintenanceEnv = (token: string): Record<string, string> => ({
  OA_MAINTENANCE_MODE_ENABLED: 'true',
  OA_MAINTENANCE_BYPASS_TOKEN: token,
});
