import type { Hours } from '../../daemon/core/time/hours.ts';
import { rulesetOf } from './compile.ts';

/** Compiles hours from the YAML value of one name. */
export function hoursOf(yaml: string): Hours {
  return rulesetOf(`hours:\n  h: ${yaml}\n`).hours.get('h')!;
}

/** Begin and end of the hours between two times, as `2026-03-29T00:00 - 02:00` in UTC; the second date only if it differs. */
export function stretchesOf(hours: Hours, from: number, until: number): string[] {
  const found: string[] = [];
  const note = (begin: number, change: number): void => {
    const [first, last] = [text(begin), text(change)];
    found.push(`${first} - ${last.startsWith(first.slice(0, 10)) ? last.slice(11) : last}`);
  };
  let at = from;
  while (at < until) {
    const change = Math.min(hours.nextTransition(at) ?? until, until);
    if (hours.active(at)) note(at, change);
    at = change;
  }
  return found;
}

const text = (at: number): string => new Date(at).toISOString().replace(/:00\.000Z$/, '');
