/** Faults of one image's containers. Percentages are of their requests. */
export type ImageFaults = {
  /** Requests that the container answers with 500. */
  errorPercent?: number;
  /** How many errors come in a row (default 1); the share stays the same. */
  errorClump?: number;
  /**
   * The median time of a request, in milliseconds of the emulator's clock (default: the time that each really takes).
   */
  latencyMs?: number;
  /** How far latencies spread: the standard deviation of their logarithm (default 0.4). */
  latencySpread?: number;
  /** How many times slower requests get. */
  latencyFactor?: number;
  /** Sign-ins (`POST /api/auth/verify`) that fail, and the status that they get (default 422). */
  failingSignInPercent?: number;
  failingSignInStatus?: number;
  /** How long the container runs after each start before it exits. */
  crashAfterMinutes?: number;
  /** Requests that find no instance, and the platform's answer: 429 (the default) or 503. */
  noInstancePercent?: number;
  noInstanceStatus?: 429 | 503;
};

/** The faults of the next request. Latencies are in milliseconds of the emulator's clock. */
export type RequestFate = {
  noInstance: number | undefined;
  /** The status to answer with instead of asking the container; undefined for no such error. */
  failure: number | undefined;
  /** How long the request takes. If undefined, it takes its real time multiplied by `factor`. */
  takesMs: number | undefined;
  factor: number;
};

export type FaultyImage = {
  next(method: string, path: string): RequestFate;
  /** How long an instance lives, in milliseconds of the emulator's clock; undefined for no limit. */
  crashAfterMs: number | undefined;
};

const SIGN_IN = '/api/auth/verify';

/**
 * Applies an image's faults. Shares are exact, not random, so that tests can count the failures: with 5 % errors,
 * exactly 5 of any 100 requests fail. Latencies are random, but the same on every run.
 */
export function createFaultyImage(faults: ImageFaults): FaultyImage {
  const errors = share(faults.errorPercent, faults.errorClump);
  const signIns = share(faults.failingSignInPercent);
  const noInstances = share(faults.noInstancePercent);
  const normal = normalNumbers();
  const { latencyMs, latencySpread = 0.4, latencyFactor = 1 } = faults;
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
        takesMs:
          latencyMs === undefined
            ? undefined
            : latencyMs * latencyFactor * Math.exp(latencySpread * normal()),
        factor: latencyFactor,
      };
    },
  };
}

/**
 * Makes a function that returns true for a share of its calls, in clumps. The first clump comes after half the usual
 * gap.
 */
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
