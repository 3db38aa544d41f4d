import type { Failure } from './failure.ts';

export type SmokeRequest = {
  method: 'GET' | 'HEAD' | 'POST';
  /** Relative to the base URL, sent as is. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
};

/** An answer, whatever its status. */
export type Answer = {
  status: number;
  /** Header names are in lower case. */
  headers: Readonly<Record<string, string>>;
  setCookies: readonly string[];
  body: string;
};

/** What came of a request: an answer, or the reason why there was none. */
export type Exchange = { attempts: number; durationMs: number } & (
  | { answered: true; answer: Answer }
  | ({ answered: false } & Failure)
);
