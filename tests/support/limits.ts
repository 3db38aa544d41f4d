import { readSettings } from '@deploy/cli';
import { judgeSettings, limitsOf } from '../../scripts/canary/settings.ts';

/** The limits for a canary, as the scripts have them when no variable is set. */
export const defaultLimits = limitsOf(readSettings({}, judgeSettings));
