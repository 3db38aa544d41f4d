import { ageText } from '@deploy/cli';
import { briefShares, type Deployment } from '@deploy/cloudrun';

type InWindow = Pick<Deployment, 'service' | 'revision' | 'traffic' | 'window' | 'isInMaintenance'>;

/**
 * What a deployment says if a maintenance window is open: since when it has been open, where closing it sends the
 * traffic, and what that means for the new revision.
 */
export function windowNotes(
  { service, revision, traffic, window, isInMaintenance }: InWindow,
  now: number,
): string[] {
  if (window === undefined) return [];
  const { percent, since, by, backTo } = window;
  const forWhom = percent === 100 ? '' : ` for ${percent} % of the traffic`;
  const back =
    backTo === undefined
      ? 'closing it makes a copy of the serving revision outside maintenance mode'
      : `closing it gives the traffic back to ${briefShares(backTo, service)}`;
  return [
    `a maintenance window is open${forWhom} (${briefShares(traffic, service)}), since ${since} (${ageText(now - Date.parse(since))}), opened by ${by}; ${back}`,
    ...(isInMaintenance
      ? [
          `${revision} is in maintenance mode as well, because its template was; closing the window makes another revision of the same image that is not, and that is the one to promote`,
        ]
      : []),
  ];
}
