/** The latest change in the cloud that this script has finished; undefined while it has made none. */
let latest: { what: string; look: string } | undefined;

/** Remembers a change in the cloud that is done, and how to look at it, for whoever interrupts the script afterwards. */
export function rememberChange(what: string, look: string): void {
  latest = { what, look };
}

/** What an interruption leaves behind, where nothing more is known of the moment. */
export function whatWasChanged(): string {
  if (latest === undefined) return 'Nothing was changed in the cloud.';
  return `Before that, ${latest.what}. Look at what came of it: ${latest.look}`;
}
