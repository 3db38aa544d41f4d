import type { Action } from '@deploy/cli';
import type { ServiceApi, ServiceLocation } from '@deploy/cloudrun';
import type { ObservationSource, Unreadable } from '../observations/source.ts';
import type { RolledBack } from './candidate.ts';
import type { PromotionEvent, SmokeLook, StageLook } from './events.ts';
import type { Walker } from './ownership.ts';
import type { WalkSettings } from './plan.ts';

/** The source that a promotion reads. If its first read failed, `unreadable` says why. */
export type PromotionSource = ObservationSource & { readonly unreadable?: Unreadable };

export type WalkRequest = {
  readonly settings: WalkSettings;
  readonly location: ServiceLocation;
  readonly api: ServiceApi;
  /** The candidate, if the user named one. */
  readonly canary: string | undefined;
  /** The revision that was rolled back by hand, if any. It is refused as a candidate, except with `settings.retry`. */
  readonly rolledBack?: RolledBack | undefined;
  readonly walker: Walker;
  openSource(stable: string, canary: string): Promise<PromotionSource>;
  /** Makes the smoke checks at the candidate's or the service's URL. A failed check is a result, not an exception. */
  smoke(url: string, of: 'candidate' | 'service'): Promise<SmokeLook>;
  /** Reads which build answers at a URL; undefined if none does. */
  readBuild(url: string): Promise<string | undefined>;
  /**
   * Makes the runbook's checks after a stage, at the candidate's URL. A failed check is a result, not an exception.
   * Unless one instance of the candidate answers them all, none may know of the sign-in at another.
   */
  checkStage(url: string, candidate: { isOneInstance: boolean }): Promise<StageLook>;
  /** How long the login can still be used, in milliseconds; undefined if it is renewed by itself, or if not known. */
  loginLastsMs?(): Promise<number | undefined>;
  perform<T>(action: Action<T>): Promise<T>;
  /** Waits until the next poll; ends early when the signal aborts. */
  pause(): Promise<void>;
  readonly signal: AbortSignal;
  /** Called with every event. The promotion waits until it resolves. */
  tell(event: PromotionEvent): Promise<void>;
};
