/** A URL without its trailing slashes. The regular expression `/+$` would take hours for a megabyte of slashes. */
export function dropTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

/** The text with `%20` and the like decoded; unchanged when it is not encoded properly. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
