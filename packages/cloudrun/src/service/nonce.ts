// gcloud puts this label on each template that it writes, to tell its own revision from others
// (NewRevisionForcingChange in command_lib/run/serverless_operations.py). We do the same.
const NONCE_LABEL = 'client.knative.dev/nonce';

type Labelled = { labels?: Record<string, string> | null };

/** The nonce of a template or a revision. A revision has the nonce of the template that it was made from. */
export function nonceOf(labelled: Labelled): string | undefined {
  return labelled.labels?.[NONCE_LABEL];
}

export function withNonce<T extends Labelled>(template: T, nonce: string): T {
  return { ...template, labels: { ...template.labels, [NONCE_LABEL]: nonce } };
}

/** A new nonce of ten lower-case letters, which are valid in any label value. */
export function newNonce(): string {
  const letters = crypto.getRandomValues(new Uint8Array(10));
  return Array.from(letters, (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}

const OF_WINDOW = 'window-';

/**
 * A new nonce for a template that opens or closes a maintenance window. The next deployment, even one with gcloud,
 * replaces this nonce.
 */
export function newWindowNonce(): string {
  return `${OF_WINDOW}${newNonce()}`;
}

/** Whether a revision was made only to open or close a maintenance window. Such a revision is never a candidate. */
export function isWindowMade({ nonce }: { nonce: string | undefined }): boolean {
  return nonce?.startsWith(OF_WINDOW) ?? false;
}

/**
 * A name for the service's next revision in the style of the platform and gcloud: the generation in five digits, then
 * three letters.
 */
export function inventRevisionName({ name, generation }: { name: string; generation: number }): string {
  return `${name}-${String(generation + 1).padStart(5, '0')}-${newNonce().slice(0, 3)}`;
}
