import type { LoadAnswer, LoadCall } from './call.ts';

/** A user of the service, who signs in, opens pages, mints tokens and signs out, with one request at a time. */
export type Person = {
  /** The next request; undefined at the end of the visit. */
  next(): LoadCall | undefined;
  /** Takes the answer to the last request that `next` returned. */
  answered(answer: LoadAnswer): void;
};

const PAGES = ['/', '/login', '/manifest.json', '/onboarding/checklist', '/l402/paywalls'] as const;

/** Starts a person's visit. Without `signsIn`, or if signing in fails, the person only opens pages. */
export function createPerson(id: number, { signsIn }: { signsIn: boolean }): Person {
  const cookies = new Map<string, string>();
  let challengeId: string | undefined;
  let token: string | undefined;

  const page = (i: number) => (): LoadCall => ({ method: 'GET', path: PAGES[i] ?? '/' });
  const withToken = (of: LoadCall) => (): LoadCall | undefined =>
    token === undefined ? undefined : { ...of, headers: { authorization: `Bearer ${token}` } };
  const mint = withToken({ method: 'POST', path: '/api/sync/token', body: {} });
  const session = withToken({ method: 'GET', path: '/api/auth/session' });
  const signIn: (() => LoadCall | undefined)[] = [
    () => ({ method: 'POST', path: '/api/auth/email', body: { email: `load-${id}@example.com` } }),
    () =>
      challengeId === undefined
        ? undefined
        : {
            method: 'POST',
            path: '/api/auth/verify',
            body: { code: '123456', challenge_id: challengeId },
          },
  ];
  const steps = [
    page(1),
    ...(signsIn ? signIn : []),
    page(0),
    page(2),
    session,
    mint,
    page(3),
    page(4),
    mint,
    withToken({ method: 'POST', path: '/api/auth/logout' }),
  ];

  return {
    next() {
      for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
        const of = step();
        if (of === undefined) continue;
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        return cookie === '' ? of : { ...of, headers: { ...of.headers, cookie } };
      }
      return undefined;
    },
    answered({ status, cookies: given, body }) {
      for (const each of given) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
        cookies.set(name, value);
      }
      if (status !== 200 || !body.startsWith('{')) return;
      const fields = JSON.parse(body) as { challengeId?: string; token?: string };
      challengeId = fields.challengeId ?? challengeId;
      token = fields.token ?? token;
    },
  };
}
