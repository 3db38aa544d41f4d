/** With `keep`, returns a copy of a disposable that is not cleaned up. */
export function kept<T extends AsyncDisposable>(thing: T, keep: boolean): T {
  return keep ? { ...thing, async [Symbol.asyncDispose]() {} } : thing;
}
