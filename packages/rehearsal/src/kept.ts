/** Returns `thing`, or with `keep` a copy of it that does nothing on disposal. */
export function kept<T extends AsyncDisposable>(thing: T, keep: boolean): T {
  return keep ? { ...thing, async [Symbol.asyncDispose]() {} } : thing;
}
