import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type GcloudLogin = {
  /** To be put in front of the PATH. */
  folder: string;
  /** How many times it was started. */
  starts(): Promise<number>;
} & AsyncDisposable;

/**
 * A gcloud that gives `first` as the access token, and from its start number `renewedAt` on `second`, as if somebody
 * had logged in again. With `failsBefore`, it gives no token in between, but fails as it does without a network.
 */
export async function gcloudLogin({
  first,
  second,
  renewedAt,
  failsBefore = false,
}: {
  first: string;
  second: string;
  renewedAt: number;
  failsBefore?: boolean;
}): Promise<GcloudLogin> {
  const folder = await mkdtemp(join(tmpdir(), 'gcloud-'));
  const program = join(folder, 'gcloud');
  await writeFile(
    program,
    `#!/bin/sh
echo "$@" >> '${folder}/starts'
starts=$(wc -l < '${folder}/starts')
if ${failsBefore} && [ $starts -gt 1 ] && [ $starts -lt ${renewedAt} ]
then echo 'ERROR: There was a problem refreshing your current auth tokens: Failed to resolve' >&2; exit 1
fi
[ $starts -ge ${renewedAt} ] && token='${second}' || token='${first}'
cat <<END
{"credential": {"access_token": "$token", "token_expiry": "2999-01-01T00:00:00Z"},
 "configuration": {"properties": {"core": {"account": "alice@example.com"}}}}
END
`,
  );
  await chmod(program, 0o755);
  return {
    folder,
    starts: async () => (await readFile(join(folder, 'starts'), 'utf8')).trimEnd().split('\n').length,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
