import type { CompatConfig, Config } from './config.ts';
import { type Exchange, json, type Reply } from './exchange.ts';

/** Refuses API calls of clients that are too old, too new or silent about it; undefined lets the request through. */
export function compatibilityGate({ path, headers }: Exchange, { compat }: Config): Reply | undefined {
  if (!compat.enforced || !path.startsWith('/api/')) return undefined;
  const code = whyIncompatible(headers, compat);
  if (code === undefined) return undefined;
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

// In the order in which the service looks; a client that says nothing of a version is taken to have the right one.
function whyIncompatible(headers: Exchange['headers'], compat: CompatConfig): string | undefined {
  const build = headers['x-oa-client-build-id'];
  const protocol = headers['x-oa-protocol-version'] ?? compat.protocolVersion;
  const schema = Number(headers['x-oa-schema-version'] ?? compat.minSchemaVersion);
  const { maxClientBuildId } = compat;
  if (build === undefined) return 'invalid_client_build';
  if (protocol !== compat.protocolVersion) return 'unsupported_protocol_version';
  if (!(schema >= compat.minSchemaVersion && schema <= compat.maxSchemaVersion)) {
    return 'unsupported_schema_version';
  }
  if (build < compat.minClientBuildId) return 'upgrade_required';
  if (maxClientBuildId !== null && build > maxClientBuildId) return 'unsupported_client_build';
  return undefined;
}
