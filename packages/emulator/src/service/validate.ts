import { invalidArgument } from '../protocol/errors.ts';
import { hasPort } from './ingress.ts';
import {
  type ContainerJson,
  isLatest,
  type ServiceJson,
  type TemplateJson,
  type TrafficTargetJson,
} from './resources.ts';

const REVISION_NAME = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const TAG = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const LONGEST_REVISION_NAME = 63;
const LONGEST_TAG_AND_SERVICE = 46;
const SERVICE_NAME = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
// CreateServiceRequest.service_id in google/cloud/run/v2/service.proto: fewer than 50 characters.
const LONGEST_SERVICE_NAME = 49;
// service.proto and revision_template.proto say that labels and annotations in these namespaces are refused.
const RESERVED =
  /^(?:run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//;

/** Throws a 400 unless a service can have that name. */
export function validateServiceName(name: string): void {
  if (!SERVICE_NAME.test(name) || name.length > LONGEST_SERVICE_NAME)
    throw invalidArgument(`service_id: '${name}' is not a valid service name.`);
}

/** Throws a 400 unless the service is valid. */
export function validateService(name: string, { template, traffic, labels, annotations }: ServiceJson): void {
  validateTemplate(name, template);
  validateTraffic(name, traffic);
  refuseReserved('labels', labels);
  refuseReserved('annotations', annotations);
  refuseReserved('template.labels', template.labels);
  refuseReserved('template.annotations', template.annotations);
}

function refuseReserved(where: string, entries: Record<string, string> = {}): void {
  const reserved = Object.keys(entries).find((key) => RESERVED.test(key));
  if (reserved !== undefined) throw invalidArgument(`${where}: '${reserved}' is in a reserved namespace.`);
}

/** Throws a 400 unless the split is valid: its shares are within bounds and add up to 100, and no tag is used twice. */
function validateTraffic(service: string, traffic: readonly TrafficTargetJson[]): void {
  const tags = new Set<string>();
  let total = 0;
  for (const target of traffic) {
    const percent = target.percent ?? 0;
    if (percent < 0 || percent > 100)
      throw invalidArgument(`traffic: percent ${percent} is not between 0 and 100.`);
    if (!isLatest(target) && !target.revision)
      throw invalidArgument('traffic: a target needs a revision or the type LATEST.');
    if (isLatest(target) && target.revision)
      throw invalidArgument('traffic: a target of the type LATEST names no revision.');
    if (target.tag !== undefined) {
      if (!TAG.test(target.tag)) throw invalidArgument(`traffic: tag '${target.tag}' is not a valid tag.`);
      // The limit is quoted in https://github.com/PolicyEngine/policyengine-api/issues/3729
      if (target.tag.length + service.length > LONGEST_TAG_AND_SERVICE)
        throw invalidArgument('Combined traffic tag and service name cannot exceed 46 characters.');
      if (tags.has(target.tag)) throw invalidArgument(`traffic: tag '${target.tag}' is used twice.`);
      tags.add(target.tag);
    }
    total += percent;
  }
  if (traffic.length > 0 && total !== 100)
    throw invalidArgument(`traffic: percentages add up to ${total}, not 100.`);
}

/** Throws a 400 unless revisions can be made from the template. */
function validateTemplate(service: string, template: TemplateJson): void {
  const name = template.revision;
  if (name !== undefined && name !== '') {
    if (!REVISION_NAME.test(name) || name.length > LONGEST_REVISION_NAME) {
      throw invalidArgument(`template.revision: '${name}' is not a valid revision name.`);
    }
    if (!name.startsWith(`${service}-`)) {
      throw invalidArgument(
        `template.revision: '${name}' must be prefixed by the service's name and a hyphen.`,
      );
    }
  }
  validateContainers(template.containers ?? []);
}

/**
 * Throws a 400 unless exactly one container has the port that receives the requests. A single container need not name a
 * port: the platform gives it a default.
 */
function validateContainers(containers: readonly ContainerJson[]): void {
  if (containers.length === 0) throw invalidArgument('template.containers[0].image is required.');
  for (const [i, { image, env = [], ports = [] }] of containers.entries()) {
    const where = `template.containers[${i}]`;
    if (image === undefined || image === '') throw invalidArgument(`${where}.image is required.`);
    const names = env.map(({ name }) => name);
    const twice = names.find((each, j) => names.indexOf(each) !== j);
    if (twice !== undefined) throw invalidArgument(`${where}.env: '${twice}' is given twice.`);
    // Container.ports in k8s.min.proto: only a single port can be specified.
    if (Array.isArray(ports) && ports.length > 1)
      throw invalidArgument(`${where}.ports: only a single port can be specified.`);
  }
  // The message is quoted in many reports, such as
  // https://github.com/terraform-google-modules/terraform-google-cloud-run/pull/450
  if (containers.length > 1 && containers.filter(hasPort).length !== 1) {
    throw invalidArgument(
      'template.containers: Revision template should contain exactly one container with an exposed port.',
    );
  }
}
