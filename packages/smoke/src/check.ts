import type { Answer, SmokeRequest } from './exchange.ts';

/** What is wrong with an answer: what the check expected, and what it got; undefined when all is well. */
export type Objection = { expected: string; got: string } | undefined;

export type Probe = {
  request: SmokeRequest;
  judge(answer: Answer): Objection;
};

export type Check = Probe & { id: string };

export type CheckContext = {
  baseUrl: string;
  hasBypassToken: boolean;
  /**
   * Whether MAINTENANCE_BYPASS_TOKEN is set, perhaps by mistake: only maintenance-mode reads it, and checks need
   * OPENAGENTS_MAINTENANCE_BYPASS_TOKEN.
   */
  hasMaintenanceModeToken?: boolean;
  /**
   * Whether OPENAGENTS_MAINTENANCE_BYPASS_TOKEN is set but empty, for instance because it was copied from an unset
   * variable.
   */
  isBypassTokenEmpty?: boolean;
  /** Removes from a text the secrets that the service issued during this run. */
  hide(text: string): string;
};

export function below400(answer: Answer): Objection {
  return answer.status < 400 ? undefined : { expected: 'a status below 400', got: `status ${answer.status}` };
}

/** Expects a status below 400 and a header that contains a text (case does not matter). */
export function headerContains(answer: Answer, name: string, wanted: string): Objection {
  const value = answer.headers[name];
  if (answer.status < 400 && value?.toLowerCase().includes(wanted)) return undefined;
  const shown = value === undefined ? `no ${name}` : `${name}: ${value}`;
  return { expected: `${name} with ${wanted}`, got: `status ${answer.status}, ${shown}` };
}
