import { decimalNumber, flag, oneOf, secretText, text, textWithDefault, tokenText } from '@deploy/cli';
import { wholeMinutes } from './settings.ts';

/** The settings of a promotion, in addition to those of the verdict. */
export const promoteSettings = {
  maxWindowMinutes: wholeMinutes(
    'CANARY_MAX_WINDOW',
    '30m',
    'canary: how long a step may take at most while there is no decision',
  ),
  onInconclusive: oneOf(
    'CANARY_ON_INCONCLUSIVE',
    ['hold', 'rollback', 'advance'],
    'what to do when a step of a canary ends without a decision',
  ),
  canaryTag: textWithDefault(
    'CANARY_TAG',
    'candidate',
    'canary: traffic tag; the smoke checks use its URL before any traffic and after each step',
  ),
  controlToken: tokenText(
    'OPENAGENTS_CONTROL_ACCESS_TOKEN',
    'canary: access token that the candidate issued; with it, session, sync token, route split and policy are checked at the candidate after each step',
  ),
  signInEmail: text(
    'CANARY_SIGN_IN_EMAIL',
    'canary: address to sign in with at the candidate for the checks after each step, instead of an access token; for a service in mock mode',
  ),
  signInCode: secretText('CANARY_SIGN_IN_CODE', 'canary: the code to sign in with'),
  retry: flag('CANARY_RETRY', 'canary: retry a candidate that was rolled back before'),
  takeOver: flag('CANARY_TAKE_OVER', 'canary: take over a promotion that someone else may still be running'),
  pollSeconds: decimalNumber(
    'CANARY_POLL_SECONDS',
    { min: 0.05, max: 300, default: 5 },
    'canary: seconds between two looks at a step; six times as long with metrics, which have one point per minute',
  ),
};
