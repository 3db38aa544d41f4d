import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { code, folded, heading, type Row, table } from '../markdown.ts';

export function circumstancesSection(record: ReportRecord): RootContent[] {
  const { account, host, checkout, project, region, service, domainMapping, baseUrls, tagUrls = [] } = record;
  const rows: Row[] = [
    ['Account', account === undefined ? 'not known' : code(account)],
    ['Host', code(host)],
    ['Checkout', describeCheckout(checkout)],
    ['Project', code(project)],
    ['Region', code(region)],
    ['Service', code(service)],
    [
      'Domain mapping',
      domainMapping === undefined ? 'not looked up' : `${domainMapping.domain}: ${domainMapping.state}`,
    ],
    ...baseUrls.map((url): Row => ['Reached at', code(url)]),
    ...tagUrls.map((url): Row => ['Reached at, by tag', code(url)]),
  ];
  return folded('Who and where', [heading(2, 'Who and where'), table(['What', 'Value'], rows)]);
}

function describeCheckout({ commit, clean }: ReportRecord['checkout']): string {
  const state =
    clean === undefined ? 'not known whether clean' : clean ? 'clean' : 'with uncommitted changes';
  return `commit ${commit ?? 'not known'}, ${state}`;
}
