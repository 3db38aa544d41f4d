import type { Json } from './descriptors.ts';

/** A call of the API, as a handler sees it. */
export type Call = {
  params: Readonly<Record<string, string | undefined>>;
  query: URLSearchParams;
  body: unknown;
  /** The account that calls. */
  person: string;
  /** The region that the host stands for, as in `us-central1-run.googleapis.com`; undefined when it names none. */
  region: string | undefined;
};

export type Handler = (call: Call) => Json | Promise<Json>;

export type Routes = readonly { method: 'GET' | 'POST' | 'PUT' | 'PATCH'; path: string; handle: Handler }[];

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
