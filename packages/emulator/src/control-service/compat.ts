import type { Config } from './config.ts';
import { type Exchange, json, type Reply } from './exchange.ts';

/** Refuses API calls of clients that are too old, too new or silent about it; undefined lets the request through. */
export function compatibilityGate({ path, headers }: Exchange, { compat }: Config): Reply | undefined {
  if (!compat.enforced || !path.startsWith('/api/')) return undefined;
  const build = headers['x-oa-client-build-id'];
  const schema = Number(headers['x-oa-schema-version'] ?? compat.minSchemaVersion);
  const code =
    build === undefined
      ? 'invalid_client_build'
      : (headers['x-oa-protocol-version'] ?? compat.protocolVersion) !== compat.protocolVersion
        ? 'unsupported_protocol_version'
        : schema < compat.minSchemaVersion || schema > compat.maxSchemaVersion
          ? 'unsupported_schema_version'
          : build < compat.minClientBuildId
            ? 'upgrade_required'
            : compat.maxClientBuildId !== null && build > compat.maxClientBuildId
              ? 'unsupported_client_build'
              : undefined;
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
