import { flag, text, textWithDefault, tokenText } from '@deploy/cli';

/** The variables that tell every script which project to use, and as whom to log in to Google. */
export const cloudSettings = {
  project: text('PROJECT', 'Google Cloud project (default: the active gcloud project)'),
  region: textWithDefault('REGION', 'us-central1', 'Cloud Run region'),
  emulatorHost: text(
    'CLOUD_RUN_EMULATOR_HOST',
    'host:port of a local Cloud Run; every Google call goes there, without credentials',
  ),
  accessToken: tokenText('CLOUDSDK_AUTH_ACCESS_TOKEN', 'access token to use instead of a login'),
  credentialsFile: text(
    'GOOGLE_APPLICATION_CREDENTIALS',
    'credentials file to use instead of the gcloud account',
  ),
};

export const skipMaintenanceCheckSetting = flag(
  'SKIP_MAINTENANCE_CHECK',
  'go on even if this would show the public the maintenance page, or let the public in during a maintenance window',
);

export const skipPromotionCheckSetting = flag(
  'SKIP_PROMOTION_CHECK',
  'deploy even while somebody is promoting a revision of the service; this stops that promotion at its present split',
);

export const skipStableCheckSetting = flag(
  'SKIP_STABLE_CHECK',
  'set-traffic: shift even if the stable revision and the canary seem to be swapped, or a newer revision was deployed after the canary',
);

export const skipSpellingCheckSetting = flag(
  'SKIP_SPELLING_CHECK',
  'change things even if PROJECT, REGION or SERVICE is unset and another variable looks like a misspelling of it',
);
