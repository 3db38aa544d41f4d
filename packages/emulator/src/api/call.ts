import type { OperationFate } from '../faults.ts';
import type { Json } from '../protocol/descriptors.ts';

/** A call to the API, as its handler sees it. */
export type Call = {
  params: Readonly<Record<string, string | undefined>>;
  query: URLSearchParams;
  body: unknown;
  /** The account that makes the call. */
  person: string;
  /** The region in the host, as in `us-central1-run.googleapis.com`; undefined when the host names none. */
  region: string | undefined;
  /** The origin that the client addressed: `https://host:port` if a proxy in front of the emulator speaks TLS. */
  origin: string;
  authorization: string | undefined;
  /** What a test wants to happen to the operation that this call starts; undefined if nothing special. */
  fate: OperationFate | undefined;
};

/** An answer that is not JSON, or whose status is not 200. */
export class RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;

  constructor(status: number, headers: Readonly<Record<string, string>>, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }
}

export type Handler = (call: Call) => Json | RawAnswer | Promise<Json | RawAnswer>;

export type Routes = readonly {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** Whether the handler identifies the caller itself, by rules other than those of Google's APIs. */
  ownLogin?: true;
  handle: Handler;
}[];

/** A path parameter of the route. Throws when the route has no such parameter. */
export function param({ params }: Call, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no :${name}`);
  return value;
}

/** Whether the client asks for enums as numbers, as Google's REST clients do. */
export function wantsNumericEnums({ query }: Call): boolean {
  return (query.get('$alt') ?? query.get('alt') ?? '').includes('enum-encoding=int');
}
