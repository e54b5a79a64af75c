import { href } from './router.ts';

/** Address of the alert of a rule and key. The key may be empty, which a segment of an address cannot be. */
export function alertHref(rule: string, key: string): string {
  return key === '' ? href(['alerts'], { of: rule }) : href(['alerts', key], { rule });
}

/** Address of the form for a new silence with this match. */
export function newSilenceHref(match: Readonly<Record<string, unknown>>): string {
  return href(['silences', 'new'], { match: JSON.stringify(match) });
}

/** Match of a silence for one alert: its rule, and its key if it has one. */
export function matchOfAlert({ rule, key }: { rule: string; key: string }): Readonly<Record<string, string>> {
  return { rule, ...(key !== '' && { key }) };
}
