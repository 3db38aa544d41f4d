import type { CheckoutCopy } from './checkout-copy.ts';

export type Setup = {
  /** Undefined for the sample checkout. */
  checkout: (Pick<CheckoutCopy, 'commit' | 'hasChanges'> & { source: string }) | undefined;
  /** The program that revisions run; undefined for the stand-in service. */
  service: string | undefined;
  /** The notice about cargo's stand-in; undefined if cargo is real. */
  cargoNotice: string | undefined;
  gatesRan: boolean;
};

/** One line that says what was real in a rehearsal and what was a stand-in. */
export function realOrStandIn({ checkout, service, cargoNotice, gatesRan }: Setup): string {
  const real = ['the scripts'];
  const standIns = ['Cloud Run, its registry and secrets'];
  if (checkout === undefined) standIns.push('the checkout (a sample)');
  else {
    const changes = checkout.hasChanges ? ', without its uncommitted changes' : '';
    real.push(`the checkout ${checkout.source} at ${checkout.commit}${changes}`);
  }
  if (gatesRan) {
    real.push(
      cargoNotice === undefined ? 'the gates and builds' : 'the gates and builds, except as noted above',
    );
  }
  if (service === undefined) standIns.push('the control service');
  else real.push(`the control service (${service})`);
  return `Real: ${real.join('; ')}. Stand-ins: ${standIns.join('; ')}.`;
}
