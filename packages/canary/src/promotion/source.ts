import type { ObservationSource, Unreadable } from '../observations/source.ts';

/** The source that a promotion reads, and why it could not be read when it was opened. */
export type PromotionSource = ObservationSource & { readonly unreadable?: Unreadable };
