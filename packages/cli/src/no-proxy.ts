import { BlockList, isIP } from 'node:net';

/**
 * Whether `no_proxy` exempts a host, by curl's rules (https://curl.se/docs/manpage.html#--noproxy). The variable is a
 * list, separated by commas or blanks, of names, addresses, and networks such as `10.0.0.0/8`. A name, with or without
 * a leading dot, also stands for all names below it. A lone `*` exempts every host. Other wildcards are not supported,
 * and neither are ports.
 */
export function isExempt(hostname: string, noProxy: string): boolean {
  if (noProxy.trim() === '*') return true;
  const entries = noProxy.split(/[\s,]+/).filter((entry) => entry !== '');
  const host = withoutBrackets(hostname);
  if (isIP(host) !== 0) return entries.some((entry) => coversAddress(entry, host));
  const name = plainName(host);
  return entries
    .map(plainName)
    .some((entry) => entry !== '' && (name === entry || name.endsWith(`.${entry}`)));
}

function coversAddress(entry: string, address: string): boolean {
  const [network = '', bits] = withoutBrackets(entry).split('/');
  const family = isIP(network);
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || family !== isIP(address) || !(prefix <= most)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, prefix, type);
  return list.check(address, type);
}

/** The name in lower case, without its leading and trailing dot. */
function plainName(name: string): string {
  return name.replace(/^\./, '').replace(/\.$/, '').toLowerCase();
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]/, '$1');
}
