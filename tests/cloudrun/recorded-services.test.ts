import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployNoTraffic, openServiceApi, rollback, setTraffic } from '@deploy/cloudrun';
import { disableMaintenance, enableMaintenance } from '@deploy/cloudrun/maintenance';
import type { Emulator } from '@deploy/emulator';
import { request } from 'undici';
import { differences } from '../support/differences.ts';
import { adopt, recordedCases, WINDOW } from '../support/recorded-cases.ts';
import { PROJECT } from '../support/staging.ts';

// Services as they really are go through a deployment, a canary, a window and a rollback; only what was asked for
// changes, compared as the JSON that the API sends.

const REGION = 'us-central1';
const NEW = 'us-central1-docker.pkg.dev/openagentsgemini/somebody/new-image:two';

/** What a change does to a service besides what it is about: it is counted, dated and observed. */
const BOOKKEEPING =
  /^(?:v2|v1)\.(?:generation|etag|updateTime|lastModifier|observedGeneration|terminalCondition|conditions|latestCreatedRevision|latestReadyRevision|trafficStatuses|status|metadata\.(?:generation|resourceVersion|annotations\.serving\.knative\.dev\/lastModifier))\b/;

/** The service as both APIs show it. */
async function snapshot(cloud: Emulator, name: string) {
  const { body } = await request(
    `${cloud.url}/apis/serving.knative.dev/v1/namespaces/${PROJECT}/services/${name}`,
  );
  return { v2: cloud.service(name), v1: (await body.json()) as Record<string, unknown> };
}

describe('a recorded service, compared as JSON', () => {
  for (const { title, service, ingress } of recordedCases) {
    test(`${title}: each action changes what it is about, and nothing else`, async () => {
      await using cloud = await adopt(service);
      const { name } = service.metadata;
      const location = { project: PROJECT, region: REGION, service: name };
      const openApi = () =>
        openServiceApi({ emulatorHost: cloud.host, identity: { kind: 'none' }, env: {} }, location);
      const at = (container: string): string[] => [
        `v1.spec.template.spec.containers.${ingress}.${container}`,
        `v2.template.containers.${ingress}.${container}`,
      ];
      const MARK = [
        'v1.spec.template.metadata.labels.client.knative.dev/nonce',
        'v2.template.labels.client.knative.dev/nonce',
      ];
      const MARK_OF_UNMARKED = [
        'v1.spec.template.metadata.labels.client.knative.dev/nonce',
        'v2.template.labels',
      ];
      let before = await snapshot(cloud, name);
      /** What the action changed, traffic and the nonce's first appearance told as one path. */
      const changed = async (action: Promise<unknown>): Promise<string[]> => {
        await action;
        await cloud.settled();
        const after = await snapshot(cloud, name);
        const paths = differences(before, after).filter((path) => !BOOKKEEPING.test(path));
        before = after;
        return [
          ...new Set(paths.map((path) => path.replace(/^(v1\.spec\.traffic|v2\.traffic|.*\.env)\b.*/, '$1'))),
        ];
      };
      const TRAFFIC = ['v1.spec.traffic', 'v2.traffic'];
      const isMarked = before.v2.template.labels?.['client.knative.dev/nonce'] !== undefined;
      const isPinned = before.v2.traffic.every(({ revision }) => revision !== undefined);
      const stable = service.status?.latestReadyRevisionName ?? '';

      const deployed = await changed(deployNoTraffic(openApi, location, NEW).perform());
      assert.deepEqual(
        deployed.sort(),
        [...at('image'), ...(isMarked ? MARK : MARK_OF_UNMARKED), ...(isPinned ? [] : TRAFFIC)].sort(),
      );
      const candidate = cloud.service(name).latestCreatedRevision?.split('/').at(-1) ?? '';
      assert.equal(before.v2.template.containers?.[ingress]?.image, NEW);

      const shares = [
        { revision: stable, percent: 95 },
        { revision: candidate, percent: 5 },
      ];
      assert.deepEqual(await changed(setTraffic(openApi, location, shares).perform()), TRAFFIC);
      assert.deepEqual(await changed(rollback(openApi, location, stable).perform()), TRAFFIC);

      const template = before.v2.template;
      const opened = await changed(
        enableMaintenance(openApi, location, WINDOW, { rotated: false, moveTraffic: true }).perform(),
      );
      const NOTE = [
        'v1.metadata.annotations.openagents.com/maintenance-replaced-traffic',
        // Services have none of their own so far.
        'v2.annotations',
      ];
      assert.deepEqual(opened.sort(), [...at('env'), ...at('image'), ...MARK, ...NOTE, ...TRAFFIC].sort());
      const { containers: [...afterContainers] = [] } = before.v2.template;
      const env = afterContainers[ingress]?.env ?? [];
      const given = template.containers?.[ingress]?.env ?? [];
      assert.deepEqual(env.slice(0, given.length), given);
      assert.equal(env.length, given.length + 5);
      assert.equal(afterContainers[ingress]?.image, cloud.imageDigest(name, candidate));
      // The window itself runs what served, with all of its configuration.
      const [serving = ''] = cloud.service(name).trafficStatuses.map(({ revision }) => revision);
      assert.equal(cloud.imageDigest(name, serving), cloud.imageDigest(name, stable));
      const revisionOf = (wanted: string) =>
        cloud.revisions(name).find((each) => each.name.endsWith(`/${wanted}`));
      assert.deepEqual(
        differences(revisionOf(stable), revisionOf(serving))
          .filter((path) => !/^(?:name|uid|etag|createTime|updateTime|creator|conditions)\b/.test(path))
          .map((path) => path.replace(/\.env\b.*/, '.env'))
          .filter((path, i, all) => all.indexOf(path) === i)
          .sort(),
        [
          `containers.${ingress}.env`,
          `containers.${ingress}.image`,
          isMarked ? 'labels.client.knative.dev/nonce' : 'labels',
        ],
      );

      const closed = await changed(disableMaintenance(openApi, location, { moveTraffic: false }).perform());
      assert.deepEqual(closed.sort(), [...at('env'), ...MARK, ...NOTE, ...TRAFFIC].sort());
      assert.deepEqual(cloud.service(name).trafficStatuses, [
        { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: stable, percent: 100 },
      ]);
    });
  }
});
