/** `20260212T165540Z-staging-deploy-report.md`: by name is by time. */
export function reportName(at: Date): string {
  const stamp = at.toISOString().slice(0, 19).replace(/[-:]/g, '');
  return `${stamp}Z-staging-deploy-report.md`;
}

export function isReportName(name: string): boolean {
  return /^\d{8}T\d{6}Z-staging-deploy-report\.md$/.test(name);
}
