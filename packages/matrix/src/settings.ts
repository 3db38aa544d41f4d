import {
  checkoutSettings,
  flag,
  path,
  stepSummarySetting,
  text,
  textWithDefault,
  tokenText,
} from '@deploy/cli';
import { cloudSettings } from '@deploy/cloudrun';
import { evidenceSettings } from '@deploy/report';
import { bypassTokenText, controlSmokeSettings } from '@deploy/smoke';

/** The variables of the validation matrix. */
export const matrixSettings = {
  outputDir: path(
    'OUTPUT_DIR',
    'folder for the results (default: docs/reports/rust-cutover-validation/<UTC time> in the target checkout)',
  ),
  stagingControlUrl: textWithDefault(
    'STAGING_CONTROL_BASE_URL',
    'https://staging.openagents.com',
    'the control service in staging',
  ),
  prodControlUrl: textWithDefault(
    'PROD_CONTROL_BASE_URL',
    'https://openagents.com',
    'the control service in production',
  ),
  stagingRuntimeUrl: text('STAGING_RUNTIME_BASE_URL', 'the runtime in staging; not checked when unset'),
  prodRuntimeUrl: text('PROD_RUNTIME_BASE_URL', 'the runtime in production; not checked when unset'),
  stagingAccessToken: tokenText(
    'STAGING_CONTROL_ACCESS_TOKEN',
    'access token for the control service in staging',
  ),
  prodAccessToken: tokenText(
    'PROD_CONTROL_ACCESS_TOKEN',
    'access token for the control service in production',
  ),
  stagingBypassToken: bypassTokenText(
    'STAGING_MAINTENANCE_BYPASS_TOKEN',
    'bypass token, to check staging in its maintenance window',
  ),
  prodBypassToken: bypassTokenText(
    'PROD_MAINTENANCE_BYPASS_TOKEN',
    'bypass token, to check production in its maintenance window',
  ),
  ambientBypassToken: bypassTokenText(
    'OPENAGENTS_MAINTENANCE_BYPASS_TOKEN',
    'bypass token for staging when STAGING_MAINTENANCE_BYPASS_TOKEN is unset; never sent to production',
  ),
  project: textWithDefault('GCP_PROJECT', 'openagentsgemini', 'Google Cloud project'),
  region: textWithDefault('GCP_REGION', 'us-central1', 'Cloud Run region'),
  runtimeService: textWithDefault('RUNTIME_SERVICE', 'runtime', 'Cloud Run service of the runtime'),
  migrateJob: textWithDefault(
    'MIGRATE_JOB',
    'runtime-migrate',
    "Cloud Run job that migrates the runtime's store",
  ),
  controlService: textWithDefault(
    'CONTROL_SERVICE',
    'openagents-control-service',
    'Cloud Run service of the control service',
  ),
  expectedImage: text(
    'EXPECTED_IMAGE',
    'image that the runtime service must run; whether or not this is set, MIGRATE_JOB must run the same image as the service',
  ),
  runDriftCheck: flag(
    'RUN_RUNTIME_DRIFT_CHECK',
    'check that the runtime service runs the image that its migration job last ran',
    true,
  ),
  runKhalaTests: flag('RUN_KHALA_CONTRACT_TESTS', "run the runtime's Khala contract tests", true),
  runCrossSurface: flag('RUN_CROSS_SURFACE', 'run the cross-surface contract harness'),
  runLogProbes: flag('RUN_LOG_PROBES', 'read the error logs and the canary split', true),
  failOnRequiredFailure: flag('FAIL_ON_REQUIRED_FAILURE', 'exit 1 when the overall result is failed', true),
  failOnErrorLogs: flag(
    'FAIL_ON_ERROR_LOGS',
    'fail a log probe that finds errors, instead of only counting them',
  ),
  only: text(
    'MATRIX_ONLY',
    'ids of the checks to run, separated by commas; the others are skipped, and only these decide the exit code',
  ),
  stepSummary: stepSummarySetting,
  timeoutSeconds: controlSmokeSettings.timeoutSeconds,
  retries: controlSmokeSettings.retries,
  emulatorHost: cloudSettings.emulatorHost,
  accessToken: cloudSettings.accessToken,
  credentialsFile: cloudSettings.credentialsFile,
  ...checkoutSettings,
  ...evidenceSettings,
};
