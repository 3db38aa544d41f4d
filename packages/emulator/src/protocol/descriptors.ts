import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fromProto3JSON, toProto3JSON } from 'proto3-json-serializer';
import protobuf from 'protobufjs';
import { invalidArgument } from './errors.ts';
import { addNewerFields, type DescriptorJson } from './newer-fields.ts';
import { reachableFrom } from './reachable.ts';

// The vendor's own descriptors decide which requests are valid: a field or enum that Google refuses is refused here.
const require = createRequire(import.meta.url);
const CLIENTS = {
  'google.cloud.run.': '@google-cloud/run',
  'google.cloud.secretmanager.': '@google-cloud/secret-manager',
  'google.logging.': '@google-cloud/logging-api',
} as const;
const types = new Map<string, protobuf.Type>();

/** A message's descriptor, read when it is first needed. */
function lookupType(name: string): protobuf.Type {
  const type = types.get(name) ?? readType(name);
  types.set(name, type);
  return type;
}

function readType(name: string): protobuf.Type {
  const client = Object.entries(CLIENTS).find(([prefix]) => name.startsWith(prefix))?.[1];
  if (client === undefined) throw new Error(`no descriptor for ${name}`);
  const all: DescriptorJson = JSON.parse(
    readFileSync(require.resolve(`${client}/build/protos/protos.json`), 'utf8'),
  );
  addNewerFields(all);
  // A client has four times as many messages as a service is made of, and building one takes more time than this.
  return protobuf.Root.fromJSON(reachableFrom(name, all)).lookupType(name);
}

/** A message in proto3 JSON: https://protobuf.dev/programming-guides/json/ */
export type Json = { [key: string]: unknown };

/**
 * Parses a request's message and returns it with canonical names and values. Throws a 400 for an unknown field or enum
 * value, or a wrong type.
 */
export function decode<T extends Json>(typeName: string, json: unknown): T {
  const type = lookupType(typeName);
  requireKnownFields(type, json, '');
  try {
    const message = fromProto3JSON(type, json as never);
    return withoutDefaults(type, toProto3JSON(message as never) as Json) as T;
  } catch (error) {
    throw invalidArgument(`Invalid JSON payload received. ${error instanceof Error ? error.message : error}`);
  }
}

/** The top-level field of a field mask's path. Throws a 400 if any segment of the path is not a field. */
export function topFieldOf(typeName: string, path: string): string {
  const [name = '', ...rest] = path.split('.');
  const top = lookupType(typeName).fields[name];
  let field = top;
  for (const segment of rest) {
    const type = field?.repeated || field?.map ? null : field?.resolve().resolvedType;
    field = type instanceof protobuf.Type ? type.fields[segment] : undefined;
  }
  if (top === undefined || field === undefined)
    throw invalidArgument(`update_mask: there is no field '${path}'.`);
  return name;
}

/** The fields of a message that a caller may write: all except those marked OUTPUT_ONLY. */
export function writableFields(typeName: string): string[] {
  return lookupType(typeName)
    .fieldsArray.filter((field) => !isOutputOnly(field))
    .map(({ name }) => name);
}

function isOutputOnly({ options, parsedOptions }: protobuf.Field): boolean {
  return JSON.stringify([options, parsedOptions]).includes('OUTPUT_ONLY');
}

/** The message as an answer. Enums become numbers when the client asks for that (`$alt=json;enum-encoding=int`). */
export function encode(typeName: string, json: Json, numericEnums: boolean): Json {
  if (!numericEnums) return json;
  const type = lookupType(typeName);
  return toProto3JSON(fromProto3JSON(type, json as never) as never, { numericEnums }) as Json;
}

/**
 * The message without the fields that hold their default value. A client that writes back what it has read sends such
 * fields too. Unless a field has presence, its default value means the same as leaving it out: both look the same on
 * the wire (https://protobuf.dev/programming-guides/field_presence/).
 */
function withoutDefaults(type: protobuf.Type, json: Json): Json {
  const kept = Object.entries(json).flatMap(([key, value]): [string, unknown][] => {
    const field = type.fields[key];
    if (field === undefined) return [[key, value]];
    const clean = withoutNestedDefaults(field, value);
    const hasPresence = field.partOf !== null || field.resolve().resolvedType instanceof protobuf.Type;
    return (field.repeated || field.map || !hasPresence) && isDefault(field, clean) ? [] : [[key, clean]];
  });
  return Object.fromEntries(kept);
}

function withoutNestedDefaults(field: protobuf.Field, value: unknown): unknown {
  const type = field.resolve().resolvedType;
  if (!(type instanceof protobuf.Type) || type.fullName.startsWith('.google.protobuf.') || field.map)
    return value;
  return field.repeated
    ? (value as Json[]).map((item) => withoutDefaults(type, item))
    : withoutDefaults(type, value as Json);
}

function isDefault(field: protobuf.Field, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  const type = field.resolve().resolvedType;
  return type instanceof protobuf.Enum
    ? type.values[String(value)] === 0
    : ['', 0, '0', false].some((each) => each === value);
}

// The serializer ignores unknown fields, but the real API refuses them.
function requireKnownFields(type: protobuf.Type, json: unknown, path: string): void {
  if (type.fullName.startsWith('.google.protobuf.') || json === null) return;
  if (typeof json !== 'object' || Array.isArray(json)) {
    throw invalidArgument(`Invalid value at '${path || type.name}': an object is expected.`);
  }
  for (const [key, value] of Object.entries(json)) {
    const field = type.fields[key];
    if (field === undefined) {
      throw invalidArgument(
        `Invalid JSON payload received. Unknown name "${key}"${path && ` at '${path}'`}: cannot find the field.`,
      );
    }
    for (const item of itemsOf(field, value))
      requireKnownValue(field, item, path === '' ? key : `${path}.${key}`);
  }
}

function itemsOf(field: protobuf.Field, value: unknown): unknown[] {
  if (value === null) return [];
  if (field instanceof protobuf.MapField && typeof value === 'object') return Object.values(value);
  return field.repeated && Array.isArray(value) ? value : [value];
}

function requireKnownValue(field: protobuf.Field, value: unknown, path: string): void {
  const type = field.resolve().resolvedType;
  if (type instanceof protobuf.Type) requireKnownFields(type, value, path);
  if (
    type instanceof protobuf.Enum &&
    !(String(value) in type.values) &&
    !(Number(value) in type.valuesById)
  ) {
    throw invalidArgument(`Invalid value at '${path}' (${type.name}), "${value}"`);
  }
}
