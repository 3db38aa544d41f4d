/** A URL without its trailing slashes. This uses no pattern: `/+$` takes hours for a megabyte of slashes. */
export function dropTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}
