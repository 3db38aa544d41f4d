import type { OperationFate } from '../faults.ts';
import type { Json } from '../protocol/descriptors.ts';

/** A call of the API, as a handler sees it. */
export type Call = {
  params: Readonly<Record<string, string | undefined>>;
  query: URLSearchParams;
  body: unknown;
  /** The account that calls. */
  person: string;
  /** The region that the host stands for, as in `us-central1-run.googleapis.com`; undefined when it names none. */
  region: string | undefined;
  /** The host that was asked, with its port, and how, in front of any proxy that speaks TLS: `https://host`. */
  origin: string;
  /** The header of that name. */
  authorization: string | undefined;
  /** How the operation that it begins is made to end; undefined: as it would. */
  fate: OperationFate | undefined;
};

/** An answer that is not simply JSON with status 200. */
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
  /** Whether the handler itself finds out who calls, by other rules than Google's APIs. */
  ownLogin?: true;
  handle: Handler;
}[];

/** A path parameter that the route is known to have. */
export function param({ params }: Call, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no :${name}`);
  return value;
}

/** Whether the client asks for enums as numbers, as Google's REST clients do. */
export function wantsNumericEnums({ query }: Call): boolean {
  return (query.get('$alt') ?? query.get('alt') ?? '').includes('enum-encoding=int');
}
