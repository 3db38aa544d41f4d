/** The kinds of machine that the lockfile covers. */
export const machines = [
  { os: 'linux', cpu: 'x64', libc: 'glibc' },
  { os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { os: 'linux', cpu: 'x64', libc: 'musl' },
  { os: 'linux', cpu: 'arm64', libc: 'musl' },
  { os: 'darwin', cpu: 'x64' },
  { os: 'darwin', cpu: 'arm64' },
  { os: 'win32', cpu: 'x64' },
] as const;

export type Machine = (typeof machines)[number];

/** A kind of machine in words, such as `linux arm64 musl`. */
export function nameOf(machine: Machine): string {
  return Object.values(machine).join(' ');
}
