/**
 * The runner's exit code for a gate that passed when turbo must not keep its verdict. It is EX_TEMPFAIL of sysexits.h:
 * a program that cannot do its work now.
 */
export const NOT_KEPT = 75;
