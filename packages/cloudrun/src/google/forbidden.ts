import { regionsCommand } from '../gcloud/commands.ts';
import type { ServiceLocation } from '../service-location.ts';

/** A 403 in words: what is not allowed, and what to do about it. */
type Forbidden = { message: string; hint: string };

/** What a refusal may say apart from its message; see `ApiRefusal`. */
type Told = { reason: string; api: string; consumer: string };

// Calls are charged to this project when a person's application-default credentials name no other. It belongs to Google, so
// nobody else can enable an API there: https://cloud.google.com/docs/authentication/troubleshoot-adc
const PROJECT_OF_LOGINS = '764086051850';

/**
 * Explains a 403. All of them come as PERMISSION_DENIED, but most have nothing to do with the role that a deployment
 * requires. The refusal's reason (`ErrorReason` in google/api/error_reason.proto) tells the kinds apart, but some have
 * only a message.
 */
export function explainForbidden(
  error: Error,
  said: string,
  { project, region }: ServiceLocation,
): Forbidden {
  const told = readTold(error);
  const is = (reason: string, text: RegExp): boolean => told.reason === reason || text.test(said);

  // This check comes before the next one, because its refusals have the reason SERVICE_DISABLED too.
  if (/requires a quota project/i.test(said) || told.consumer === PROJECT_OF_LOGINS) {
    return {
      message: `the login names no project to charge the call to (${said})`,
      hint: `Name one:\n  gcloud auth application-default set-quota-project ${project}`,
    };
  }
  if (is('SERVICE_DISABLED', /has not been used in project|api is not enabled/i)) {
    const api = told.api || (/\/apis\/api\/([a-z.]+)/.exec(said)?.[1] ?? 'run.googleapis.com');
    return {
      message: `an API is not enabled (${said})`,
      hint: `Check PROJECT, or enable the API and wait a few minutes:\n  gcloud services enable ${api} --project ${told.consumer || project}`,
    };
  }
  if (is('BILLING_DISABLED', /requires billing|billing (?:account .*)?(?:is )?(?:disabled|not enabled)/i)) {
    return {
      message: `billing is off in project ${project} (${said})`,
      hint: `Check PROJECT, or have its billing account looked at: gcloud billing projects describe ${project}`,
    };
  }
  if (is('USER_PROJECT_DENIED', /serviceusage\.services\.use\b/i)) {
    return {
      message: `the account may not charge calls to its quota project (${said})`,
      hint: 'It needs roles/serviceusage.serviceUsageConsumer on that project, or another one: gcloud auth application-default set-quota-project.',
    };
  }
  if (is('SECURITY_POLICY_VIOLATED', /vpcServiceControls|prohibited by organization's policy/i)) {
    return {
      message: `a perimeter of VPC Service Controls keeps this call out (${said})`,
      hint: 'A role does not help. Run this from inside the perimeter, or show the identifier above to those who administer it.',
    };
  }
  if (is('ACCESS_TOKEN_SCOPE_INSUFFICIENT', /insufficient (?:authentication )?scopes/i)) {
    return {
      message: `the login's scopes do not include this API (${said})`,
      hint: "A role does not help. The login needs the scope cloud-platform; on a virtual machine, the machine's access scopes decide.",
    };
  }
  if (/denied on 'locations\//i.test(said)) {
    return {
      message: `no Cloud Run in region ${region} for project ${project} (${said})`,
      hint: `Check REGION, which may be misspelt or closed to this project; to list the regions:\n  ${regionsCommand(project)}`,
    };
  }
  if (/service agent|serverless-robot/i.test(said)) {
    return {
      message: `Cloud Run's own service agent lacks a permission (${said})`,
      hint: 'A role for your account does not help: grant to the service agent what the message says.',
    };
  }
  return { message: `no permission in project ${project} (${said})`, hint: neededRole(told, said, project) };
}

function readTold(error: Error): Told {
  const { reason, api, consumer } = error as Partial<Record<keyof Told, unknown>>;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return { reason: text(reason), api: text(api), consumer: text(consumer) };
}

/**
 * The role that the account needs, judging by the permission that the refusal names (`Permission 'run.services.get'
 * denied …`) or, if it names none, by the API that refused.
 */
function neededRole({ api }: Told, said: string, project: string): string {
  const [, account] = /iam\.serviceaccounts\.actAs' denied on service account ([\w.@-]+)/i.exec(said) ?? [];
  if (account !== undefined) {
    return `A change of a service also requires roles/iam.serviceAccountUser on the account that the service runs as. To grant it (replace MEMBER, for instance by user:you@example.com):\n  gcloud iam service-accounts add-iam-policy-binding ${account} --project ${project} --member MEMBER --role roles/iam.serviceAccountUser`;
  }
  const [, named] = /permission '?([a-z]+)\./i.exec(said) ?? [];
  const needs =
    ROLES[named?.toLowerCase() ?? api.split('.', 1)[0] ?? ''] ?? 'deploying requires roles/run.developer';
  return `Check PROJECT; ${needs} on the project. To see the account: gcloud config list`;
}

const ROLES: Readonly<Record<string, string>> = {
  secretmanager: 'creating and storing secrets requires roles/secretmanager.admin',
  logging: 'reading logs requires roles/logging.viewer',
  monitoring: 'reading metrics requires roles/monitoring.viewer',
};
