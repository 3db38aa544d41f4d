import type { Recording } from './observations/types.ts';
import { addMinute, beginPromotion, type Promotion } from './promotion.ts';
import { isUnhealthy, judge, type Verdict } from './verdict.ts';

/** As CANARY_WINDOW has it. */
const USUAL_WINDOW = 10;

/**
 * Judges a recorded promotion as it would have been judged then, minute by minute: the first minute at which it is unhealthy, else
 * how it stands at the last one. A recording that does not tell its window ends where it ends.
 */
export function judgeRecording(recording: Recording): Verdict {
  const { history, minutes, windowMinutes = USUAL_WINDOW, ...plan } = recording;
  const isOpenEnded = recording.windowMinutes === undefined;
  let promotion: Promotion = beginPromotion({ ...plan, windowMinutes }, history);
  for (const minute of minutes) {
    promotion = addMinute(promotion, minute);
    if (isUnhealthy(promotion)) break;
  }
  return judge(promotion, isOpenEnded && promotion.minute > 0 ? { isWindowOver: true } : {});
}
