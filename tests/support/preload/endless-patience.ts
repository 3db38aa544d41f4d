// Loaded in front of a script: whatever would be done after two seconds or more is never done. What a test sees end was
// then ended by something else than the script's patience.
const LONGEST_MS = 2000;
const NEVER_MS = 2 ** 31 - 1;

const real = globalThis.setTimeout;
const patient = (work: () => void, ms = 0, ...rest: []): NodeJS.Timeout =>
  real(work, ms < LONGEST_MS ? ms : NEVER_MS, ...rest);
globalThis.setTimeout = Object.assign(patient, real);
