import type { CompatConfig, Config } from './config.ts';
import { type Exchange, headerText, json, type Reply } from './exchange.ts';
import type { Observability } from './observability.ts';

/**
 * Refuses API calls from clients that are too old, too new or do not state their version. Returns undefined to let the
 * request through.
 */
export function refuseIncompatible(
  exchange: Exchange,
  { compat }: Config,
  observability: Observability,
): Reply | undefined {
  if (!compat.enforced || !exchange.path.startsWith('/api/')) return undefined;
  const code = whyIncompatible(exchange, compat);
  if (code === undefined) return undefined;
  observability.count(exchange, 'compatibility.rejected.control');
  observability.count(exchange, `compatibility.rejected.control.${code}`);
  observability.audit(exchange, 'compatibility.rejected', {
    outcome: 'rejected',
    attributes: {
      surface: 'control_api',
      path: exchange.path,
      client: headerText(exchange, 'x-client') ?? 'unknown',
      client_build_id: headerText(exchange, 'x-oa-client-build-id') ?? 'missing',
      code,
      protocol_version: compat.protocolVersion,
    },
  });
  const message = 'This client is not compatible with the service.';
  return json(426, {
    message,
    error: { code, message },
    compatibility: {
      code,
      message,
      retryable: false,
      upgrade_required: true,
      surface: 'control_api',
      min_client_build_id: compat.minClientBuildId,
      max_client_build_id: compat.maxClientBuildId,
      min_schema_version: compat.minSchemaVersion,
      max_schema_version: compat.maxSchemaVersion,
      protocol_version: compat.protocolVersion,
    },
  });
}

// Checks in the same order as the real service. A missing version counts as incompatible.
function whyIncompatible(exchange: Exchange, compat: CompatConfig): string | undefined {
  const build = headerText(exchange, 'x-oa-client-build-id');
  const schema = headerText(exchange, 'x-oa-schema-version') ?? '';
  const schemaVersion = /^\+?\d{1,9}$/.test(schema) ? Number(schema) : 0;
  const { maxClientBuildId } = compat;
  if (build === undefined) return 'invalid_client_build';
  if (headerText(exchange, 'x-oa-protocol-version') !== compat.protocolVersion.trim()) {
    return 'unsupported_protocol_version';
  }
  if (schemaVersion < compat.minSchemaVersion || schemaVersion > compat.maxSchemaVersion) {
    return 'unsupported_schema_version';
  }
  if (build < compat.minClientBuildId) return 'upgrade_required';
  if (maxClientBuildId !== null && build > maxClientBuildId) return 'unsupported_client_build';
  return undefined;
}
