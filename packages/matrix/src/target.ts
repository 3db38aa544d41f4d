import type { Environment, Secret, SettingsOf } from '@deploy/cli';
import {
  type Connection,
  connectTo,
  requireJobName,
  requireLocation,
  type ServiceLocation,
} from '@deploy/cloudrun';
import { requireBaseUrl } from '@deploy/smoke';
import type { matrixSettings } from './settings.ts';

export type MatrixSettings = SettingsOf<typeof matrixSettings>;

/** A control service, with the tokens that grant access to it. */
export type ControlTarget = {
  /** The name of the service for messages: staging or production. */
  where: string;
  baseUrl: string;
  accessToken: Secret | undefined;
  bypassToken: Secret | undefined;
  /** A note about the tokens, for the operator and the log. */
  remark: string | undefined;
};

/** What the matrix checks: the settings, validated. */
export type MatrixTarget = {
  staging: ControlTarget;
  production: ControlTarget;
  stagingRuntimeUrl: string | undefined;
  prodRuntimeUrl: string | undefined;
  connection: Connection;
  control: ServiceLocation;
  runtime: ServiceLocation;
  migrateJob: string;
  http: { timeoutMs: number; retries: number };
};

/** Validates the settings. Throws a UserError that names the variable when one of them cannot be used. */
export function readTarget(given: MatrixSettings, env: Environment): MatrixTarget {
  const locate = (service: string, variable: string): ServiceLocation =>
    requireLocation(
      { project: given.project, region: given.region, service },
      { project: 'GCP_PROJECT', region: 'GCP_REGION', service: variable },
    );
  const runtimeUrl = (url: string | undefined, variable: string): string | undefined =>
    url === undefined ? undefined : requireBaseUrl(url, variable);
  requireJobName(given.migrateJob, 'MIGRATE_JOB');
  const usesAmbientToken = given.stagingBypassToken === undefined && given.ambientBypassToken !== undefined;
  return {
    staging: {
      where: 'staging',
      baseUrl: requireBaseUrl(given.stagingControlUrl, 'STAGING_CONTROL_BASE_URL'),
      accessToken: given.stagingAccessToken,
      bypassToken: given.stagingBypassToken ?? given.ambientBypassToken,
      remark: usesAmbientToken
        ? 'OPENAGENTS_MAINTENANCE_BYPASS_TOKEN goes to staging only; to give production one, set PROD_MAINTENANCE_BYPASS_TOKEN'
        : undefined,
    },
    production: {
      where: 'production',
      baseUrl: requireBaseUrl(given.prodControlUrl, 'PROD_CONTROL_BASE_URL'),
      accessToken: given.prodAccessToken,
      bypassToken: given.prodBypassToken,
      remark: undefined,
    },
    stagingRuntimeUrl: runtimeUrl(given.stagingRuntimeUrl, 'STAGING_RUNTIME_BASE_URL'),
    prodRuntimeUrl: runtimeUrl(given.prodRuntimeUrl, 'PROD_RUNTIME_BASE_URL'),
    connection: connectTo(given, env),
    control: locate(given.controlService, 'CONTROL_SERVICE'),
    runtime: locate(given.runtimeService, 'RUNTIME_SERVICE'),
    migrateJob: given.migrateJob,
    http: { timeoutMs: given.timeoutSeconds * 1000, retries: given.retries },
  };
}
