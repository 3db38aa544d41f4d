export type ServiceLocation = { project: string; region: string; service: string };
