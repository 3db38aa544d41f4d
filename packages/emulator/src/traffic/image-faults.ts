/** How the containers of one image are worse, or slower, than they should be. Percents are of their requests. */
export type ImageFaults = {
  /** Requests that the container answers with 500. */
  errorPercent?: number;
  /** So many errors come one after another (default 1), as rarely as the share allows. */
  errorClump?: number;
  /** The median time that a request takes, in milliseconds of the emulator's clock (default: what it really takes). */
  latencyMs?: number;
  /** How far latencies spread: the standard deviation of their logarithm (default 0.4). */
  latencySpread?: number;
  /** So many times slower than it would be. */
  latencyFactor?: number;
  /** Sign-ins (`POST /api/auth/verify`) that fail, and the status that they get (default 422). */
  failingSignInPercent?: number;
  failingSignInStatus?: number;
  /** The container exits so long after it was started, and again so long after each restart. */
  crashAfterMinutes?: number;
  /** Requests that find no instance, and what the platform answers: 429 (the default) or 503. */
  noInstancePercent?: number;
  noInstanceStatus?: 429 | 503;
};

/** What becomes of the next request. Latencies are in milliseconds of the emulator's clock. */
export type RequestFate = {
  noInstance: number | undefined;
  /** The status that is answered in the container's stead. */
  failure: number | undefined;
  /** The time that the request takes beside what it really takes. */
  extraMs: number;
  factor: number;
};

export type FaultyImage = {
  next(method: string, path: string): RequestFate;
  /** How long an instance lives, in milliseconds of the emulator's clock; undefined: for ever. */
  crashAfterMs: number | undefined;
};

const SIGN_IN = '/api/auth/verify';

/**
 * Deals out an image's faults. A share is kept to exactly, not drawn: over any 100 requests with 5 % errors there are 5,
 * so that a test can count them. Latencies are drawn, in the same order on every run.
 */
export function createFaultyImage(faults: ImageFaults): FaultyImage {
  const errors = share(faults.errorPercent, faults.errorClump);
  const signIns = share(faults.failingSignInPercent);
  const noInstances = share(faults.noInstancePercent);
  const normal = normalNumbers();
  const { latencyMs = 0, latencySpread = 0.4, latencyFactor = 1 } = faults;
  return {
    crashAfterMs: faults.crashAfterMinutes === undefined ? undefined : faults.crashAfterMinutes * 60_000,
    next(method, path) {
      const noInstance = noInstances() ? (faults.noInstanceStatus ?? 429) : undefined;
      const isSignIn = method === 'POST' && path === SIGN_IN;
      const failsSignIn = noInstance === undefined && isSignIn && signIns();
      const fails = noInstance === undefined && errors();
      return {
        noInstance,
        failure: fails ? 500 : failsSignIn ? (faults.failingSignInStatus ?? 422) : undefined,
        extraMs: latencyMs * latencyFactor * Math.exp(latencySpread * normal()),
        factor: latencyFactor,
      };
    },
  };
}

/** Says yes to so many percent of the questions, in clumps, the first one after half of the distance between two. */
function share(percent = 0, clump = 1): () => boolean {
  let credit = clump * 50;
  let left = 0;
  return () => {
    credit += percent;
    if (left === 0 && percent > 0 && credit >= clump * 100) {
      credit -= clump * 100;
      left = clump;
    }
    if (left === 0) return false;
    left -= 1;
    return true;
  };
}

/** Normally distributed numbers (Box-Muller) from a fixed seed. */
function normalNumbers(): () => number {
  let state = 0x2545f491;
  const uniform = (): number => {
    // xorshift32: https://www.jstatsoft.org/article/view/v008i14
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
