import type { Tally } from '../statistics/tally.ts';

/** A count with separators: `1,140`. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A share from 0 to 1 as a percentage with two significant digits: `8.3 %`, `0.044 %`. */
export function percentText(share: number): string {
  const percent = share * 100;
  // With two digits, 99.97 % would be shown as 100 %, as if all had failed.
  const digits = percent > 99 && percent < 100 ? 4 : percent >= 100 ? 3 : 2;
  return `${Number(percent.toPrecision(digits))} %`;
}

/** `5 of 60`. */
export function tallyText({ failed, requests }: Tally): string {
  return `${countText(failed)} of ${countText(requests)}`;
}

export function rateOf({ failed, requests }: Tally): number {
  return requests === 0 ? 0 : failed / requests;
}
