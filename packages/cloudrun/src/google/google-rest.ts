import { type Connection, endpointOf } from '../service/api.ts';
import { repeatableCall } from './call.ts';
import { type CallSubject, errorWithCode, noUsableAnswer } from './cloud-error.ts';
import { openAuthClient } from './identity.ts';

/** Google's REST calls for which there is no client here. Each throws a CloudError when it fails. */
export type GoogleRest = {
  get<T>(subject: CallSubject, host: string, path: string): Promise<T>;
  post<T>(subject: CallSubject, host: string, path: string, body?: unknown): Promise<T>;
};

const TIMEOUT_MS = 10_000;

/** Opens REST calls with the identity, or to the emulator, that the other clients have. */
export async function openGoogleRest(connection: Connection): Promise<GoogleRest> {
  const authClient = await openAuthClient(connection.identity);
  const call = <T>(
    method: 'GET' | 'POST',
    subject: CallSubject,
    host: string,
    path: string,
    body?: unknown,
  ) =>
    repeatableCall(subject, async () => {
      try {
        const { data } = await authClient.request<T>({
          url: `${endpointOf(connection.emulatorHost, host)}${path}`,
          method,
          ...(body === undefined ? {} : { data: body }),
          timeout: TIMEOUT_MS,
          responseType: 'json',
          // When to repeat is decided in one place.
          retry: false,
        });
        if (typeof data !== 'object' || data === null) throw noUsableAnswer();
        return data;
      } catch (error) {
        throw errorWithCode(error);
      }
    });
  return {
    get: (subject, host, path) => call('GET', subject, host, path),
    post: (subject, host, path, body) => call('POST', subject, host, path, body),
  };
}
