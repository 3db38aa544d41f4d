/** How many changes this script has sent to the cloud, whether or not they succeeded. */
let sent = 0;

/** Counts a change that is about to be sent to the cloud. */
export function countChange(): void {
  sent += 1;
}

/** How many changes were sent so far. Work that does not raise this number has changed nothing. */
export function changesSent(): number {
  return sent;
}

/** The last change that this script has made in the cloud. */
let latest: { what: string; look: string } | undefined;

/** Remembers a change in the cloud, and a command that shows its result, in case the script is interrupted later. */
export function rememberChange(what: string, look: string): void {
  latest = { what, look };
}

/** What an interruption message says when there is nothing more specific to say. */
export function whatWasChanged(): string {
  if (latest === undefined) return 'Nothing was changed in the cloud.';
  return `Before that, ${latest.what}. Look at what came of it: ${latest.look}`;
}
