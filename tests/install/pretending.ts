/** What to give `node --import`, so that a program takes this machine for one of another kind. */
export function pretending({ os, cpu, libc }: { os: string; cpu: string; libc?: string }): string {
  const header = libc === 'glibc' ? { glibcVersionRuntime: '2.36' } : {};
  const program = `
    Object.defineProperty(process, 'platform', { value: '${os}' });
    Object.defineProperty(process, 'arch', { value: '${cpu}' });
    process.report.getReport = () => (${JSON.stringify({ header, sharedObjects: [`/lib/ld-${libc}.so`] })});`;
  return `data:text/javascript,${encodeURIComponent(program)}`;
}
