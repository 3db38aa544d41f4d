import type { ConditionJson, ContainerJson } from '../service/resources.ts';

/** Jobs and their executions in the JSON of Admin API v2. Only the fields that the emulator uses are listed. */
export type TaskTemplateJson = { [key: string]: unknown; containers: ContainerJson[] };

export type JobConditionJson = ConditionJson & { executionReason?: string };

export type ExecutionJson = {
  [key: string]: unknown;
  name: string;
  job: string;
  createTime: string;
  template: TaskTemplateJson;
  conditions: JobConditionJson[];
  reconciling: boolean;
};

export type JobJson = {
  [key: string]: unknown;
  name: string;
  template: { [key: string]: unknown; template: TaskTemplateJson };
  executionCount: number;
  reconciling: boolean;
};
