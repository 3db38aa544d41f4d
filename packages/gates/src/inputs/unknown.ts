/** What could change a verdict cannot be established, for this reason: then nothing is taken from a cache. */
export class InputsUnknown extends Error {}
