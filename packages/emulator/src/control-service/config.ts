export type Env = Readonly<Record<string, string | undefined>>;

/** The only folder in the image that holds files of the web shell. */
export const IMAGE_STATIC_DIR = '/app/web-shell/dist';

const SHORTEST_COOKIE_TTL = 60;

export type Config = ReturnType<typeof readConfig>;
export type SyncTokenConfig = Config['syncToken'];
export type RouteSplitConfig = Config['routeSplit'];
export type CompatConfig = Config['compat'];
export type MaintenanceConfig = Config['maintenance'];

/** Reads the configuration from the service's environment. What is missing or malformed silently gets its default. */
export function readConfig(env: Env) {
  return {
    bindAddress: env.OA_CONTROL_BIND_ADDR ?? '127.0.0.1:8787',
    staticDir: env.OA_CONTROL_STATIC_DIR ?? IMAGE_STATIC_DIR,
    authProvider: env.OA_AUTH_PROVIDER_MODE === 'mock' ? ('mock' as const) : ('workos' as const),
    workosConfigured: Boolean(env.WORKOS_CLIENT_ID && env.WORKOS_API_KEY),
    magicCode: env.OA_AUTH_MOCK_MAGIC_CODE ?? '123456',
    challengeTtlSeconds: wholeNumber(env.OA_AUTH_CHALLENGE_TTL_SECONDS, 600),
    accessTtlSeconds: wholeNumber(env.OA_AUTH_ACCESS_TTL_SECONDS, 3600),
    refreshTtlSeconds: wholeNumber(env.OA_AUTH_REFRESH_TTL_SECONDS, 30 * 24 * 3600),
    syncToken: readSyncToken(env),
    routeSplit: readRouteSplit(env),
    compat: readCompat(env),
    maintenance: readMaintenance(env),
  };
}

function readSyncToken(env: Env) {
  return {
    enabled: boolean(env.OA_SYNC_TOKEN_ENABLED, true),
    // The newer variable wins over the older one even if it is empty.
    signingKey: (env.OA_SYNC_TOKEN_SIGNING_KEY ?? env.SYNC_TOKEN_SIGNING_KEY) || undefined,
    issuer: env.OA_SYNC_TOKEN_ISSUER ?? 'https://openagents.com',
    audience: env.OA_SYNC_TOKEN_AUDIENCE ?? 'openagents-sync',
    keyId: env.OA_SYNC_TOKEN_KEY_ID ?? 'sync-auth-v1',
    claimsVersion: env.OA_SYNC_TOKEN_CLAIMS_VERSION ?? 'oa_sync_claims_v1',
    ttlSeconds: wholeNumber(env.OA_SYNC_TOKEN_TTL_SECONDS, 300),
    minTtlSeconds: wholeNumber(env.OA_SYNC_TOKEN_MIN_TTL_SECONDS, 60),
    maxTtlSeconds: wholeNumber(env.OA_SYNC_TOKEN_MAX_TTL_SECONDS, 900),
    allowedScopes: list(
      env.OA_SYNC_TOKEN_ALLOWED_SCOPES ??
        'runtime.codex_worker_events,runtime.codex_worker_summaries,runtime.run_summaries',
    ),
    defaultScopes: list(env.OA_SYNC_TOKEN_DEFAULT_SCOPES ?? 'runtime.codex_worker_events'),
  };
}

function readRouteSplit(env: Env) {
  const given = (env.OA_ROUTE_SPLIT_MODE ?? 'rust').trim().toLowerCase();
  // An unknown mode sends everything to the older application.
  const mode: 'legacy' | 'rust' | 'cohort' = given === 'rust' || given === 'cohort' ? given : 'legacy';
  return {
    enabled: boolean(env.OA_ROUTE_SPLIT_ENABLED, true),
    mode,
    rustRoutes: list(env.OA_ROUTE_SPLIT_RUST_ROUTES ?? '/'),
    cohortPercentage: Math.min(100, wholeNumber(env.OA_ROUTE_SPLIT_COHORT_PERCENTAGE, 100)),
    salt: env.OA_ROUTE_SPLIT_SALT ?? 'openagents-route-split-v1',
    forceLegacy: boolean(env.OA_ROUTE_SPLIT_FORCE_LEGACY, false),
    legacyBaseUrl: env.OA_ROUTE_SPLIT_LEGACY_BASE_URL?.trim() || undefined,
  };
}

function readCompat(env: Env) {
  return {
    enforced: boolean(env.OA_COMPAT_CONTROL_ENFORCED, false),
    protocolVersion: env.OA_COMPAT_CONTROL_PROTOCOL_VERSION ?? 'openagents.control.v1',
    minClientBuildId: env.OA_COMPAT_CONTROL_MIN_CLIENT_BUILD_ID ?? '00000000T000000Z',
    maxClientBuildId: env.OA_COMPAT_CONTROL_MAX_CLIENT_BUILD_ID ?? null,
    minSchemaVersion: wholeNumber(env.OA_COMPAT_CONTROL_MIN_SCHEMA_VERSION, 1),
    maxSchemaVersion: wholeNumber(env.OA_COMPAT_CONTROL_MAX_SCHEMA_VERSION, 1),
  };
}

function readMaintenance(env: Env) {
  return {
    enabled: boolean(env.OA_MAINTENANCE_MODE_ENABLED, false),
    token: env.OA_MAINTENANCE_BYPASS_TOKEN?.trim() || undefined,
    cookieName: env.OA_MAINTENANCE_BYPASS_COOKIE_NAME?.trim() || 'oa_maintenance_bypass',
    cookieTtlSeconds: Math.max(
      SHORTEST_COOKIE_TTL,
      wholeNumber(env.OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS, 900),
    ),
    // An empty list allows nothing; only an unset one has the default.
    allowedPaths: list(env.OA_MAINTENANCE_ALLOWED_PATHS ?? '/healthz,/readyz'),
  };
}

function boolean(text: string | undefined, byDefault: boolean): boolean {
  return text === undefined ? byDefault : ['1', 'true', 'yes'].includes(text.trim().toLowerCase());
}

function wholeNumber(text: string | undefined, byDefault: number): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : byDefault;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
