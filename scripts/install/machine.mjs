// Runs before an install, on whatever Node the machine has, so it is plain JavaScript without dependencies.
import process from 'node:process';
import { nodePackages } from '../../.pnpmfile.mjs';

/** The C library of this Node: `glibc` or `musl` on Linux, undefined elsewhere. */
function cLibrary() {
  if (process.platform !== 'linux') return undefined;
  // Without this, Node's report looks up the host names of open connections, which can take long.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

const machine = [process.platform, process.arch, cLibrary()];
const fits = ({ os, cpu, libc }) =>
  [os, cpu, libc].every((allowed, i) => !allowed || allowed.includes(machine[i]));

if (!Object.values(nodePackages).some(fits)) {
  const found = machine.filter(Boolean).join(' ');
  console.error(
    `error: the scripts run on Linux with glibc and on macOS, x64 or arm64; this machine is ${found}.`,
  );
  console.error(
    machine.includes('musl')
      ? 'Alpine Linux has musl instead of glibc: use an image with glibc, such as node:22-slim.'
      : 'Run them on another machine, or in a virtual one.',
  );
  process.exitCode = 1;
}
