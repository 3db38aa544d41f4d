import assert from 'node:assert/strict';
import type { Emulator } from '@deploy/emulator';
import { PROJECT, SERVICE } from './cloud.ts';

const SERVICES = `/v2/projects/${PROJECT}/locations/us-central1/services`;

/** Deletes the service and makes it anew under its name, with the same template and annotations. */
export async function makeAnew(cloud: Emulator): Promise<void> {
  const { template, annotations } = cloud.service(SERVICE);
  const { revision: _, ...kept } = template;
  const made = { template: kept, ...(annotations && { annotations }) };
  await call(cloud, 'DELETE', `${SERVICES}/${SERVICE}`);
  await call(cloud, 'POST', `${SERVICES}?serviceId=${SERVICE}`, made);
}

async function call(cloud: Emulator, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await fetch(`${cloud.url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  assert.equal(answer.status, 200, await answer.text());
}
