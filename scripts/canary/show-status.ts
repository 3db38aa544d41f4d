import { candidatePercent, failureOf, runningPromotion, unfinishedPromotion } from '@deploy/canary';
import { type Output, showNext, UserError } from '@deploy/cli';
import { readOverview, type Service, type ServiceApi } from '@deploy/cloudrun';
import type { reportedRolesOf } from '@deploy/report';
import { statusScreen } from './status-screen.ts';
import { thisMachine } from './this-machine.ts';

/**
 * Shows the state of a service to a person, on stderr. The revisions' roles come from an unfinished promotion, or else
 * from the report. Whatever cannot be read causes only a warning, because the status itself has already been printed.
 */
export async function showStatus(
  api: ServiceApi,
  service: Service,
  { reported, out }: { reported: Awaited<ReturnType<typeof reportedRolesOf>>; out: Output },
): Promise<void> {
  const promotion = unfinishedPromotion(service);
  const overview = await readOverview(api, service, promotion ?? reported ?? {}).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    out.note(`warning: the revisions cannot be shown: ${error.message}`);
  });
  if (overview === undefined) return;
  const { lines, next } = statusScreen(overview, {
    location: api.location,
    promotion: promotion && { percent: candidatePercent(promotion) },
    running: runningPromotion(service, thisMachine()),
    isRolledBack:
      (reported?.isRolledBack ?? false) ||
      (overview.canary !== undefined && failureOf(service, overview.canary) !== undefined),
    lacksHealthSmoke: reported?.lacksHealthSmoke ?? false,
    now: service.readAt,
    columns: process.stderr.columns ?? 80,
  });
  out.note(['', ...lines, ''].join('\n'));
  showNext({ out }, next);
}
