/** Something that cleans up after itself, unless it is kept. */
export function kept<T extends AsyncDisposable>(thing: T, keep: boolean): T {
  return keep ? { ...thing, async [Symbol.asyncDispose]() {} } : thing;
}
