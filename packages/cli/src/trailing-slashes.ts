/** A URL without the slashes that it ends with. Not by a pattern: `/+$` takes hours over a megabyte of slashes. */
export function dropTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}
