/** The last change that this script has made in the cloud; undefined if it has made none. */
let latest: { what: string; look: string } | undefined;

/** Remembers a change that was made in the cloud and the command that shows it, in case the script is interrupted later. */
export function rememberChange(what: string, look: string): void {
  latest = { what, look };
}

/** What to say about an interruption when nothing more specific is known. */
export function whatWasChanged(): string {
  if (latest === undefined) return 'Nothing was changed in the cloud.';
  return `Before that, ${latest.what}. Look at what came of it: ${latest.look}`;
}
