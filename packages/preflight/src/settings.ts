import { outputFormat, text, textWithDefault } from '@deploy/cli';

export const preflightSettings = {
  stagingDomain: textWithDefault(
    'STAGING_DOMAIN',
    'staging.openagents.com',
    'domain that should point to the service',
  ),
  preflightFormat: outputFormat(
    'PREFLIGHT_FORMAT',
    'how the findings are shown; auto: a table on a terminal, text elsewhere',
    { plain: 'text', lines: 'text', table: 'table' },
  ),
};

export const productionDomainSetting = textWithDefault(
  'PRODUCTION_DOMAIN',
  'openagents.com',
  'domain that should point to the service',
);

export const imageSetting = text('IMAGE', 'image to deploy, with tag or digest (required)');
