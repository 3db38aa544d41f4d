export { lookCommand } from './commands.ts';
export { gcloudYaml, type YamlValue } from './yaml.ts';
