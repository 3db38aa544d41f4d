import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

// Loaded in front of a script: the first FAILING_LOOKUPS look-ups of a name fail, as on a laptop that has just woken
// up and has no network yet.
const { lookup } = dns;
let left = Number(process.env.FAILING_LOOKUPS);
Object.assign(dns, {
  lookup(...args: unknown[]) {
    left -= 1;
    if (left < 0) return Reflect.apply(lookup, dns, args);
    const [hostname, , done] = args as [string, unknown, (error: Error) => void];
    const facts = { errno: -3001, code: 'EAI_AGAIN', syscall: 'getaddrinfo', hostname };
    const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${hostname}`), facts);
    process.nextTick(done, error);
    return {};
  },
});
syncBuiltinESMExports();
