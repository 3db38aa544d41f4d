import type { DescriptorJson } from './newer-fields.ts';

/**
 * The descriptors that a message is made of, itself included. A field may give its type's name without the package, or
 * with the last part of it only, so names are compared part by part: a few messages too many are kept, none is lost.
 */
export function reachableFrom(message: string, root: DescriptorJson): DescriptorJson {
  const messages = topLevelMessages(root);
  const wanted = new Set(message.split('.'));
  // A set that grows while it is walked is walked to its end.
  for (const part of wanted)
    for (const descriptor of messages.get(part) ?? [])
      for (const type of typesIn(descriptor)) for (const each of type.split('.')) wanted.add(each);
  return only(root, wanted);
}

/** Messages and enums by name. Several packages may have one of the same name. */
function topLevelMessages(namespace: DescriptorJson): Map<string, DescriptorJson[]> {
  const found = new Map<string, DescriptorJson[]>();
  for (const [name, child] of Object.entries(namespace.nested ?? {})) {
    const here = isNamespace(child) ? topLevelMessages(child) : new Map([[name, [child]]]);
    for (const [each, descriptors] of here) found.set(each, [...(found.get(each) ?? []), ...descriptors]);
  }
  return found;
}

function only(namespace: DescriptorJson, wanted: ReadonlySet<string>): DescriptorJson {
  const kept = Object.entries(namespace.nested ?? {}).flatMap(([name, child]) => {
    if (isNamespace(child)) return [[name, only(child, wanted)] as const];
    return wanted.has(name) ? [[name, child] as const] : [];
  });
  return { ...namespace, nested: Object.fromEntries(kept) };
}

function isNamespace({ nested, fields, values }: DescriptorJson): boolean {
  return nested !== undefined && fields === undefined && values === undefined;
}

function typesIn({ fields = {}, nested = {} }: DescriptorJson): string[] {
  return [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(nested).flatMap((child) => typesIn(child)),
  ];
}
