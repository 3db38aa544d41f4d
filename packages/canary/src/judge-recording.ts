import { isUnhealthy, judge, type Verdict } from './verdict/judge.ts';
import type { Recording } from './verdict/observation.ts';
import { addMinute, beginPromotion, type Promotion } from './verdict/promotion.ts';

/** The default of CANARY_WINDOW, in minutes. */
const USUAL_WINDOW = 10;

/**
 * Judges a recorded promotion minute by minute, as if it were running. Returns the first unhealthy verdict, or else the
 * last one. If a recording does not state its window, the window ends with the recording.
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
