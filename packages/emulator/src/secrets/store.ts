import { alreadyExists, failedPrecondition, notFound } from '../protocol/errors.ts';

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';
export type SecretVersion = {
  number: number;
  value: string;
  state: VersionState;
  createTime: string;
  /** Whether the client sent a checksum when it added this version. */
  hasClientChecksum: boolean;
};
export type StoredSecret = { name: string; createTime: string; versions: SecretVersion[] };

/** One project's secrets in Secret Manager. */
export type SecretStore = {
  create(name: string): StoredSecret;
  get(name: string): StoredSecret;
  list(): StoredSecret[];
  addVersion(name: string, value: string, hasClientChecksum?: boolean): SecretVersion;
  /** `version` is a number or `latest`, which means the newest version, whatever its state. */
  version(name: string, version: string): SecretVersion;
  /** The value of a version. Throws a 404, or a 400 if it is disabled or destroyed. */
  access(name: string, version: string): string;
};

export function createSecretStore(values: Readonly<Record<string, string>>): SecretStore {
  const secrets = new Map<string, StoredSecret>();
  const store: SecretStore = {
    create(name) {
      if (secrets.has(name)) throw alreadyExists(`Secret [${name}] already exists.`);
      const secret = { name, createTime: new Date().toISOString(), versions: [] };
      secrets.set(name, secret);
      return secret;
    },
    get(name) {
      const secret = secrets.get(name);
      if (secret === undefined) throw notFound(`secrets/${name}`);
      return secret;
    },
    list: () => [...secrets.values()],
    addVersion(name, value, hasClientChecksum = false) {
      const { versions } = store.get(name);
      const version: SecretVersion = {
        number: versions.length + 1,
        value,
        state: 'ENABLED',
        createTime: new Date().toISOString(),
        hasClientChecksum,
      };
      versions.push(version);
      return version;
    },
    version(name, version) {
      const { versions } = store.get(name);
      const found =
        version === 'latest' ? versions.at(-1) : versions.find(({ number }) => String(number) === version);
      if (found === undefined) throw notFound(`secrets/${name}/versions/${version}`);
      return found;
    },
    access(name, version) {
      const { value, state } = store.version(name, version);
      if (state !== 'ENABLED')
        throw failedPrecondition(`Secret version [${name}/versions/${version}] is in ${state} state.`);
      return value;
    },
  };
  for (const [name, value] of Object.entries(values)) {
    store.create(name);
    store.addVersion(name, value);
  }
  return store;
}
