import type { OperationFate } from '../faults.ts';
import { notFound } from '../protocol/errors.ts';
import type { ServiceJson } from './resources.ts';

/** How a change failed: google.rpc.Status, with the codes of google/rpc/code.proto. */
export type OperationError = { code: number; message: string };

/** A change under way: https://google.aip.dev/151 */
export type Operation = {
  name: string;
  service: string;
  done: boolean;
  /** How the operation is made to go wrong; undefined if it ends normally. */
  fate?: OperationFate;
  error?: OperationError;
  /** What the service would look like after the change, if the change is only checked. */
  preview?: ServiceJson;
  finished: Promise<void>;
  finish(error?: OperationError): void;
};

export type OperationLog = {
  /** Starts an operation, which is readable from now on. */
  begin(service: string, fate?: OperationFate): Operation;
  /**
   * Makes an operation that is already done, for a change that has no effect. If the change was only checked, give a
   * `preview`. Clients cannot read such an operation again.
   */
  none(service: string, preview?: ServiceJson): Operation;
  get(name: string): Operation;
  list(): Operation[];
};

/** The operations of one location, `projects/…/locations/…`. */
export function createOperationLog(parent: string): OperationLog {
  const operations = new Map<string, Operation>();
  const create = (service: string): Operation => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const operation: Operation = {
      name: `${parent}/operations/${crypto.randomUUID()}`,
      service,
      done: false,
      finished: promise,
      finish(error) {
        operation.done = true;
        if (error !== undefined) operation.error = error;
        resolve();
      },
    };
    return operation;
  };
  const begin = (service: string, fate?: OperationFate): Operation => {
    const operation = create(service);
    if (fate !== undefined) operation.fate = fate;
    if (fate !== 'vanishes') operations.set(operation.name, operation);
    return operation;
  };
  return {
    begin,
    none(service, preview) {
      const operation = preview === undefined ? begin(service) : create(service);
      if (preview !== undefined) operation.preview = preview;
      operation.finish();
      return operation;
    },
    get(name) {
      const operation = operations.get(name);
      if (operation === undefined) throw notFound(name);
      return operation;
    },
    list: () => [...operations.values()],
  };
}
