import type { ConditionJson, ContainerJson } from '../service/resources.ts';

/** Jobs and their executions as Admin API v2 spells them in JSON; only what the emulator acts on is named. */
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
