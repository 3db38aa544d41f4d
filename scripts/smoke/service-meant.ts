import { type NextStep, type Output, ownCommand } from '@deploy/cli';
import { reportedAddressOf, reportedStanding } from '@deploy/report';

type Values = Parameters<typeof reportedAddressOf>[1] & {
  baseUrl: string;
  service: string | undefined;
};

/**
 * Warns if the address to check belongs to a service other than SERVICE, as happens when OPENAGENTS_BASE_URL is left
 * over from the step before. Returns how to check SERVICE instead. Undefined if there is nothing to warn of, or if no
 * report tells whose address it is.
 */
export async function warnOfOtherService(
  report: string | undefined,
  { baseUrl, service, ...values }: Values,
  { out }: { out: Output },
): Promise<NextStep[] | undefined> {
  if (service === undefined || report === undefined) return undefined;
  const standing = await reportedStanding(report);
  if (standing === undefined || standing.location.service === service) return undefined;
  out.note(
    `warning: SERVICE is ${service}, but OPENAGENTS_BASE_URL, ${baseUrl}, is the address of ${standing.location.service}, which this checks`,
  );
  const address = await reportedAddressOf({ ...standing.location, service }, values);
  const says = `next, to check ${service} instead`;
  return address === undefined
    ? [{ says: `${says}, set OPENAGENTS_BASE_URL to its address` }]
    : [{ says, command: ownCommand('smoke-health', [], [['OPENAGENTS_BASE_URL', address]]) }];
}
