import { checkoutSettings, flag, stepSummarySetting, text } from '@deploy/cli';
import { skipMaintenanceCheckSetting, skipSpellingCheckSetting } from '@deploy/cloudrun';
import { gateSettings } from '@deploy/gates';
import { imageSetting, preflightSettings } from '@deploy/preflight';
import { evidenceSettings } from '@deploy/report';

/** The settings of every deployment. */
export const deploymentSettings = {
  image: imageSetting,
  tag: text('CANARY_TAG', 'traffic tag that the new revision gets (default: none)'),
  skipVerify: flag('SKIP_VERIFY', 'leave the verification gates out'),
  skipPreflight: flag('SKIP_PREFLIGHT', 'leave the check of the preconditions out'),
  skipMaintenanceCheck: skipMaintenanceCheckSetting,
  skipSpellingCheck: skipSpellingCheckSetting,
  preflightFormat: preflightSettings.preflightFormat,
  ...gateSettings,
  dryRun: flag('DRY_RUN', 'build and verify, but touch nothing in the cloud'),
  ...checkoutSettings,
  ...evidenceSettings,
  stepSummary: stepSummarySetting,
};
