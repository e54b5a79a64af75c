import type { Known, Standing } from './state.ts';

const STANDINGS: readonly Standing[] = ['up', 'new', 'late', 'down'];
const MOST_NAMED = 3;

/** How the heartbeats are, in a few words: `late, due 2026-11-23T09:00:00.000Z`, or by key `3 up, 1 down (db1)`. */
export function standingOf(known: ReadonlyMap<string, Known>, now: number): string | undefined {
  const only = known.get('');
  if (only !== undefined) return standingOfOne(only, now);
  if (known.size === 0) return 'no beat yet';
  const keys = new Map<Standing, string[]>(STANDINGS.map((standing) => [standing, []]));
  for (const [key, each] of known) keys.get(each.standing(now))!.push(key);
  return STANDINGS.filter((standing) => keys.get(standing)!.length > 0)
    .map((standing) => {
      const found = keys.get(standing)!;
      const isNamed = standing === 'late' || standing === 'down';
      return `${found.length} ${standing}${isNamed ? ` (${named(found)})` : ''}`;
    })
    .join(', ');
}

function standingOfOne(known: Known, now: number): string {
  const standing = known.standing(now);
  const { pulse, expected, running } = known;
  const moment = pulse.down?.at ?? expected?.due;
  const words = pulse.down === null ? 'due' : `${pulse.down.cause} at`;
  return [
    moment === undefined ? standing : `${standing}, ${words} ${new Date(moment).toISOString()}`,
    ...(running === undefined ? [] : [`running since ${new Date(running).toISOString()}`]),
  ].join(', ');
}

function named(keys: readonly string[]): string {
  const more = keys.length - MOST_NAMED;
  return `${keys.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
