export type Membership = {
  org_id: string;
  org_slug: string;
  role: 'owner' | 'member';
  role_scopes: readonly string[];
  default_org: boolean;
};

const MEMBER_SCOPES = ['runtime.read', 'sync.subscribe', 'policy.evaluate', 'org.membership.read'] as const;
const OWNER_SCOPES = [
  'runtime.read',
  'runtime.write',
  'sync.subscribe',
  'policy.evaluate',
  'org.membership.read',
  'org.membership.write',
] as const;

/** The organisations of a person: everyone owns one of their own, and staff are also members of OpenAgents. */
export function membershipsOf(userId: string, email: string): [Membership, ...Membership[]] {
  const own: Membership = {
    org_id: `user:${userId}`,
    org_slug: `user-${userId}`,
    role: 'owner',
    role_scopes: OWNER_SCOPES,
    default_org: true,
  };
  if (!email.endsWith('@openagents.com')) return [own];
  return [
    own,
    {
      org_id: 'org:openagents',
      org_slug: 'openagents',
      role: 'member',
      role_scopes: MEMBER_SCOPES,
      default_org: false,
    },
  ];
}
