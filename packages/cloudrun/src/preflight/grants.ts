import type { PolicyBinding } from '../secrets.ts';

/**
 * Roles that include the permission secretmanager.versions.access:
 * https://cloud.google.com/secret-manager/docs/access-control
 */
const READERS = ['roles/secretmanager.secretAccessor', 'roles/secretmanager.admin', 'roles/owner'];

/** Whether a policy lets a service account read secrets; `perhaps` when the policy alone cannot tell. */
export function readsSecrets(policy: readonly PolicyBinding[], account: string): 'yes' | 'no' | 'perhaps' {
  const answers = policy.flatMap(({ role, members, conditional }) => {
    const isCustom = /^(?:projects|organizations)\//.test(role);
    if (!isCustom && !READERS.includes(role)) return [];
    const isMember = members.some((member) => isAccount(member, account));
    if (isMember) return [conditional || isCustom ? 'perhaps' : 'yes'];
    return members.some(isCollective) ? ['perhaps'] : [];
  });
  if (answers.includes('yes')) return 'yes';
  return answers.includes('perhaps') ? 'perhaps' : 'no';
}

function isAccount(member: string, account: string): boolean {
  return (
    member.toLowerCase() === `serviceaccount:${account.toLowerCase()}` ||
    member === 'allUsers' ||
    member === 'allAuthenticatedUsers'
  );
}

/**
 * Whether a member stands for accounts that the policy does not list:
 * https://cloud.google.com/iam/docs/principal-identifiers
 */
function isCollective(member: string): boolean {
  return /^(?:group|domain|principalSet|projectOwner|projectEditor|projectViewer):/.test(member);
}
