import { oneOf, text, textWithDefault } from '@deploy/cli';

/** The settings of the preflight itself. */
export const preflightSettings = {
  stagingDomain: textWithDefault(
    'STAGING_DOMAIN',
    'staging.openagents.com',
    'domain that should lead to the service',
  ),
  preflightFormat: oneOf(
    'PREFLIGHT_FORMAT',
    ['auto', 'table', 'plain', 'json'],
    'how the findings are shown; auto: a table on a terminal, plain lines elsewhere',
  ),
};

export const imageSetting = text('IMAGE', 'image to deploy, with tag or digest (required)');
