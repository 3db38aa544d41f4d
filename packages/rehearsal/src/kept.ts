/** With `keep`, returns a copy of a disposable that does nothing when it is disposed of. */
export function kept<T extends AsyncDisposable>(thing: T, keep: boolean): T {
  return keep ? { ...thing, async [Symbol.asyncDispose]() {} } : thing;
}
