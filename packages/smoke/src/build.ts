import { openSmokeClient, type SmokeClientOptions } from './http.ts';

/**
 * What a service's `/manifest.json` says about the build that answered. No other answer shows which image is running.
 */
export type ServedBuild = {
  readonly buildId: string;
  /** The oldest and the newest client build that the service accepts; null means no limit. */
  readonly clients: { readonly min: string | null; readonly max: string | null };
};

/** Finds out which build answers at a URL; undefined when it does not say. */
export async function readServedBuild(options: SmokeClientOptions): Promise<ServedBuild | undefined> {
  const client = await openSmokeClient(options, 1);
  try {
    const exchange = await client.send({ method: 'GET', path: '/manifest.json' });
    return exchange.answered && exchange.answer.status === 200 ? parse(exchange.answer.body) : undefined;
  } finally {
    await client.close();
  }
}

function parse(body: string): ServedBuild | undefined {
  try {
    const manifest = JSON.parse(body) as {
      buildId?: unknown;
      compatibility?: Record<string, unknown>;
    } | null;
    const { buildId, compatibility } = manifest ?? {};
    if (typeof buildId !== 'string' || buildId === '') return undefined;
    const limit = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
    const clients = {
      min: limit(compatibility?.minClientBuildId),
      max: limit(compatibility?.maxClientBuildId),
    };
    return { buildId: buildId.slice(0, 100), clients };
  } catch {
    return undefined;
  }
}
