import {
  type checkoutSettings,
  type NextStep,
  type Program,
  requireRehearsalUrl,
  type SettingsOf,
  startLiveLine,
} from '@deploy/cli';
import { type evidenceSettings, joinEvidenceByUrl, reportedBaseUrl } from '@deploy/report';
import {
  reportSmoke,
  requireBaseUrl,
  type SmokeClientOptions,
  type SmokeOutcome,
  type smokeSettings,
} from '@deploy/smoke';
import { warnOfOtherService } from './service-meant.ts';

type Values = SettingsOf<typeof smokeSettings & typeof checkoutSettings & typeof evidenceSettings>;

/** A smoke run that has passed. */
type Smoked = {
  baseUrl: string;
  report: string | undefined;
  /** How to check the service that SERVICE names, if the run checked another one. */
  elsewhere: NextStep[] | undefined;
};

/** Runs a suite, records it in the report and prints it. Throws a UserError if the run has failed. */
export async function smoke(
  values: Values,
  run: (options: Omit<SmokeClientOptions, 'script'>) => Promise<SmokeOutcome>,
  { env, out, signal }: Program,
): Promise<Smoked> {
  const baseUrl = requireBaseUrl(values.baseUrl ?? (await reportedBaseUrl(values.evidenceReport)));
  requireRehearsalUrl(values.emulatorHost, baseUrl, 'OPENAGENTS_BASE_URL');
  const { timeoutSeconds, retries } = values;
  const evidence = await joinEvidenceByUrl({ ...values, baseUrl, note: out.note });
  const elsewhere = await warnOfOtherService(evidence.path, { ...values, baseUrl }, { out });
  const live = await startLiveLine(`checking ${baseUrl}`);
  const options = { baseUrl, timeoutMs: timeoutSeconds * 1000, retries, env, signal };
  const outcome = await run(options).finally(live.stop);
  await evidence.record({ kind: 'smoked', outcome });
  await reportSmoke(outcome, { ...values, out });
  return { baseUrl, report: evidence.path, elsewhere };
}
