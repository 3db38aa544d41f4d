import { checkoutSettings, flag, stepSummarySetting, text } from '@deploy/cli';
import {
  skipMaintenanceCheckSetting,
  skipPromotionCheckSetting,
  skipSpellingCheckSetting,
} from '@deploy/cloudrun';
import { gateSettings } from '@deploy/gates';
import { imageSetting, preflightSettings } from '@deploy/preflight';
import { evidenceSettings } from '@deploy/report';

export const deploymentSettings = {
  image: imageSetting,
  tag: text('CANARY_TAG', 'traffic tag for the new revision (default: none)'),
  skipVerify: flag('SKIP_VERIFY', 'skip the verification gates'),
  skipPreflight: flag('SKIP_PREFLIGHT', 'skip the check of the preconditions'),
  skipMaintenanceCheck: skipMaintenanceCheckSetting,
  skipPromotionCheck: skipPromotionCheckSetting,
  skipSpellingCheck: skipSpellingCheckSetting,
  preflightFormat: preflightSettings.preflightFormat,
  ...gateSettings,
  dryRun: flag('DRY_RUN', 'build and verify, but touch nothing in the cloud'),
  ...checkoutSettings,
  ...evidenceSettings,
  stepSummary: stepSummarySetting,
};
