/** A domain mapping as the platform shows it: https://cloud.google.com/run/docs/reference/rest/v1/DomainMapping */
export type DomainMappingJson = {
  apiVersion: string;
  kind: string;
  metadata: { [key: string]: unknown; name: string };
  spec: { routeName: string; [key: string]: unknown };
  status?: {
    conditions?: {
      type: string;
      status: string;
      reason?: string;
      message?: string;
      lastTransitionTime?: string;
    }[];
    [key: string]: unknown;
  };
};
