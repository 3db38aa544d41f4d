import { decimalNumber, flag, oneOf, secretText, text, textWithDefault, tokenText } from '@deploy/cli';
import { wholeMinutes } from './settings.ts';

/** The settings of a promotion, in addition to those of the verdict. */
export const promoteSettings = {
  maxWindowMinutes: wholeMinutes(
    'CANARY_MAX_WINDOW',
    '30m',
    'promote: the longest a step may last if CANARY_WINDOW ends without a decision',
  ),
  onInconclusive: oneOf(
    'CANARY_ON_INCONCLUSIVE',
    ['hold', 'rollback', 'advance'],
    'what to do when a step of a canary ends without a decision',
  ),
  canaryTag: textWithDefault(
    'CANARY_TAG',
    'candidate',
    'promote: traffic tag for the canary; smoke checks run at its URL before any traffic and after each step',
  ),
  controlToken: tokenText(
    'OPENAGENTS_CONTROL_ACCESS_TOKEN',
    "promote: access token issued by the canary; if set, each step ends with checks of the canary's session, sync token, route split and policy",
  ),
  signInEmail: text(
    'CANARY_SIGN_IN_EMAIL',
    'promote: email address to sign in with for the checks after each step, in place of OPENAGENTS_CONTROL_ACCESS_TOKEN; the service must be in mock mode; needs CANARY_SIGN_IN_CODE',
  ),
  signInCode: secretText('CANARY_SIGN_IN_CODE', 'promote: the code to sign in with'),
  retry: flag('CANARY_RETRY', 'promote: retry a canary that was rolled back before'),
  takeOver: flag('CANARY_TAKE_OVER', 'promote: take over a promotion that someone else may still be running'),
  pollSeconds: decimalNumber(
    'CANARY_POLL_SECONDS',
    { min: 0.05, max: 300, default: 5 },
    'promote: seconds between polls of a step; with metrics, which have one point per minute, polls are six times as far apart',
  ),
};
