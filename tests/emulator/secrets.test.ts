import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudWith, PROJECT } from '../support/cloud.ts';

type Answer = { [key: string]: unknown; nextPageToken?: string; error?: { status: string } };

test('versions of a secret are read and listed as Secret Manager does, newest first and page by page', async () => {
  await using cloud = await cloudWith({ secrets: { key: 'ein Schlüssel' } });
  const base = `${cloud.url}/v1/projects/${PROJECT}/secrets/key`;
  const get = async (path: string) => (await (await fetch(`${base}${path}`)).json()) as Answer;
  const added = await fetch(`${base}:addVersion`, {
    method: 'POST',
    body: JSON.stringify({ payload: { data: Buffer.from('sesame').toString('base64') } }),
  });
  assert.equal(added.status, 200);
  const name = `projects/${PROJECT}/secrets/key/versions`;
  const answer = (number: number, value: string, dataCrc32c: string) => {
    const data = Buffer.from(value).toString('base64');
    return { name: `${name}/${number}`, payload: { data, dataCrc32c } };
  };
  assert.deepEqual(await get('/versions/latest:access'), answer(2, 'sesame', '3170223709'));
  assert.deepEqual(await get('/versions/1:access'), answer(1, 'ein Schlüssel', '2481085677'));

  const first = await get('/versions?pageSize=1');
  assert.deepEqual(first.versions, [await get('/versions/2')]);
  assert.equal(first.totalSize, 2);
  const rest = await get(`/versions?pageSize=1&pageToken=${first.nextPageToken}`);
  assert.deepEqual(rest, { versions: [await get('/versions/1')], totalSize: 2 });

  cloud.disableSecretVersion('key', 1);
  assert.equal((await get('/versions/1:access')).error?.status, 'FAILED_PRECONDITION');
  assert.equal((await get('/versions/3:access')).error?.status, 'NOT_FOUND');
});

test('reading the value of a version, or listing versions, takes its own permission', async () => {
  const denied = ['secretmanager.versions.access', 'secretmanager.versions.list'];
  await using cloud = await cloudWith({ secrets: { key: 'sesame' }, denied });
  const base = `${cloud.url}/v1/projects/${PROJECT}/secrets/key/versions`;
  const statusOf = async (path: string) => (await fetch(`${base}${path}`)).status;
  assert.deepEqual(await Promise.all(['/1', '/1:access', ''].map(statusOf)), [200, 403, 403]);
});
