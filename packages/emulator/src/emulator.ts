import { createGuard, identify } from './api/access.ts';
import { domainMappingRoutes } from './api/domain-mappings.ts';
import { iamRoutes } from './api/iam.ts';
import { jobRoutes } from './api/jobs-v2.ts';
import { knativeRoutes } from './api/knative-v1.ts';
import { projectRoutes } from './api/project.ts';
import { registryRoutes } from './api/registry.ts';
import { runV2Routes } from './api/run-v2.ts';
import { secretManagerRoutes } from './api/secret-manager.ts';
import { createApiServer } from './api/server.ts';
import { createClock } from './clock.ts';
import type { ContainerProgram } from './container/program.ts';
import { createWatchdog } from './container/watchdog.ts';
import { createFaultPlan } from './faults.ts';
import { closeServer, listen } from './http.ts';
import { createJobStore } from './jobs/store.ts';
import { type Load, startLoad } from './load/generator.ts';
import { createObservation } from './observation.ts';
import type { Emulator, EmulatorOptions, RecordedRequest } from './options.ts';
import { createRegistry } from './registry/store.ts';
import { createSecretStore } from './secrets/store.ts';
import { seedService } from './seed.ts';
import { createServiceStore } from './service/store.ts';

type Defaults = Omit<Required<EmulatorOptions>, 'container'>;

const DEFAULTS = {
  port: 0,
  project: 'openagentsgemini',
  region: 'us-central1',
  etags: 'strict',
  reconcileMs: 150,
  latestReadyLags: false,
  revisionLagMs: 0,
  tagLagMs: 0,
  services: [],
  jobs: [],
  logEntries: [],
  images: {},
  repositories: {},
  domainMappings: [],
  secrets: {},
  secretPolicies: {},
  projectPolicy: [
    {
      role: 'roles/secretmanager.secretAccessor',
      members: ['serviceAccount:157437760789-compute@developer.gserviceaccount.com'],
    },
  ],
  people: {},
  denied: [],
  requireLogin: false,
  expiredTokens: [],
  tokenLifeSeconds: 3599,
  reservedPaths: [],
  clockSpeed: 1,
  clockWaitsAfterMs: Number.POSITIVE_INFINITY,
  imageFaults: {},
  logs: {},
  monitoring: {},
} as const satisfies Defaults;

/** Starts a local Cloud Run on this machine. Resolves when its services serve; rejects when the port is taken. */
export async function startEmulator(given: EmulatorOptions = {}): Promise<Emulator> {
  const options: Defaults & EmulatorOptions = { ...DEFAULTS, ...given };
  const secrets = createSecretStore(options.secrets);
  const registry = createRegistry(options);
  const domains = new Map(options.domainMappings.map((mapping) => [mapping.metadata.name, mapping]));
  const clock = createClock(options.clockSpeed, options.clockWaitsAfterMs);
  const observation = createObservation(clock, options);
  const stopping = new AbortController();
  const programs = new Map<string, ContainerProgram>();
  for (const { container, ...seed } of options.services.filter((each) => 'name' in each)) {
    if (container !== undefined) programs.set(seed.name, container);
  }
  const watchdog = createWatchdog();
  const platform = {
    ...options,
    ...observation,
    // The services that exist from the start settle at once. Only later changes take the times in `options`.
    reconcileMs: 0,
    revisionLagMs: 0,
    secrets,
    registry,
    clock,
    watchdog,
    stopping: stopping.signal,
    programOf: (service: string) => programs.get(service) ?? options.container,
  };
  const store = createServiceStore(platform);
  const jobs = createJobStore(`projects/${options.project}/locations/${options.region}`, options.jobs);
  const faults = createFaultPlan();
  const requests: RecordedRequest[] = [];
  const guard = createGuard(options);
  const server = createApiServer({
    routes: [
      ...runV2Routes(store, guard, options.region),
      ...knativeRoutes(store, guard, options),
      ...iamRoutes(store, guard, options),
      ...jobRoutes(jobs, guard, options),
      ...observation.routes(guard),
      ...secretManagerRoutes(secrets, guard, options.secretPolicies),
      ...projectRoutes(guard, options),
      ...domainMappingRoutes(domains, guard, options),
      ...registryRoutes(registry, { guard, identify: (authorization) => identify(authorization, options) }),
    ],
    faults,
    identify: (authorization) => identify(authorization, options),
    onAnswered: (request) => requests.push(request),
    stopping: stopping.signal,
    now: clock.now,
  });

  const loads: Load[] = [];
  const close = async (): Promise<void> => {
    // The loads stop first, while everything still answers, so that none of their requests is cut off.
    await Promise.all(loads.map((load) => load.stop()));
    stopping.abort();
    await Promise.all([closeServer(server), store.close()]);
    watchdog.close();
    clock.stop();
  };
  let host: string;
  try {
    for (const seed of options.services) await seedService(store, seed, platform);
    platform.reconcileMs = options.reconcileMs;
    platform.revisionLagMs = options.revisionLagMs;
    host = `127.0.0.1:${await listen(server, options.port)}`;
  } catch (error) {
    await close();
    throw error;
  }
  for (const seed of options.services) {
    if ('name' in seed && seed.load !== undefined) {
      loads.push(startLoad(store.read(seed.name).uri, clock, seed.load));
    }
  }

  return {
    host,
    url: `http://${host}`,
    clock,
    service: store.read,
    revisions: store.revisions,
    requests,
    changeTraffic(service, traffic, person) {
      store.update(service, { fields: { traffic }, mask: 'traffic', person });
    },
    changeTemplate(service, change, person) {
      const { revision: _, ...template } = change(store.read(service).template);
      store.update(service, { fields: { template }, mask: 'template', person });
    },
    pushImage: (image, behaviour = 'healthy') => registry.push(image, behaviour),
    imageDigest: (service, revision) =>
      store.find(service).revisions.find(({ name }) => name === revision)?.imageDigest,
    addExecution: jobs.addExecution,
    log: observation.log,
    recall: (requests) => requests.forEach(observation.recall),
    setFaults: observation.setFaults,
    load(service, load) {
      const running = startLoad(store.read(service).uri, clock, load);
      loads.push(running);
      return running;
    },
    mapDomain: (mapping) => void domains.set(mapping.metadata.name, mapping),
    disableSecretVersion(secret, version) {
      secrets.version(secret, String(version)).state = 'DISABLED';
    },
    on: faults.add,
    clearTriggers: faults.clear,
    settled: store.settled,
    close,
    [Symbol.asyncDispose]: close,
  };
}
