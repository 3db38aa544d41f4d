// From sysexits.h: exit codes for a program that cannot do its work now.

/** The runner's exit code for a gate that passed when turbo must not keep its verdict. */
export const NOT_KEPT = 75;

/** The runner's exit code when it was asked for a cached verdict, and turbo had none. */
export const NOT_CACHED = 69;
