import type { ReportRecord } from './schema.ts';

/** Takes an image reference apart, `repository[:tag][@digest]`; a port is not a tag. */
export function readImage(reference: string): ReportRecord['image'] {
  const match = /^[^@]*?(?::(?<tag>[^:/@]+))?(?:@(?<digest>.+))?$/.exec(reference);
  const { tag, digest } = match?.groups ?? {};
  return {
    reference,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}
