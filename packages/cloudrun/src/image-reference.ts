/** The digest that an image reference names, as in `host/path/name:tag@sha256:…`; undefined when it names none. */
export function digestOf(image: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
}

/**
 * Whether two references are known to be the same image: by digest where both name one, else by their text. A tag
 * and a digest are not known to be the same.
 */
export function isSameImage(one: string, other: string): boolean {
  const digests = [digestOf(one), digestOf(other)];
  return digests.every((digest) => digest !== undefined) ? digests[0] === digests[1] : one === other;
}
