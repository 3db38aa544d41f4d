// Of sysexits.h: what a program should return that could not do its work now.

/** The runner's exit code for a gate that has passed and whose verdict turbo must not keep. */
export const NOT_KEPT = 75;

/** The runner's exit code when it was asked for a cached verdict, and turbo had none. */
export const NOT_CACHED = 69;
