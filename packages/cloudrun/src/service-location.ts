/** Where a Cloud Run service is. */
export type ServiceLocation = { project: string; region: string; service: string };
