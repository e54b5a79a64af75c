import { stat } from 'node:fs/promises';
import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';
import type { Home } from '../../support/daemon.ts';
import type { Arrival, Destinations } from './destinations.ts';
import type { Posts } from './load.ts';
import type { Violation } from './report.ts';
import { ENDLESS, KINDS, REFUSING } from './rules.ts';

/** Daemons with their receivers, and what is known about both. */
export interface Watched {
  /** A daemon that answers. */
  readonly home: Home;
  readonly destinations: Destinations;
  readonly posts: Posts;
  /** Number of ends without a stop: kills and failures. */
  readonly crashes: number;
  /** Ids of the only deliveries that may arrive twice; not given: any, up to the number that `crashes` allows. */
  readonly repeatable?: ReadonlySet<string>;
  /** Whether nothing is under way: no delivery but the endless ones, and no wait of a window. */
  isQuiet(): Promise<boolean>;
  /** Dead letters, one a line. */
  letters(): Promise<string>;
}

export interface Conservation {
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly deliveries: number;
  /** Accepted more than once, the most of one channel, and in all. */
  readonly duplicates: number;
}

/** Outcomes that a channel may have sent without having stored them; the store of each lane takes no more at once. */
const MAX_UNWRITTEN = 256;

/** Both sides of the comparison: all that the daemon stores, and all that the receivers got. */
interface Found {
  readonly scenario: Watched;
  readonly events: ReadonlyMap<string, EventView>;
  readonly deliveries: readonly DeliveryView[];
  readonly letters: readonly { readonly id: string }[];
  /** Arrivals by `channel rule event`. */
  readonly arrivals: ReadonlyMap<string, readonly Arrival[]>;
}

/** Time for everything that was accepted to end, milliseconds. A breaker alone may wait 60 s. */
const DRAIN_MS = 60_000;

/**
 * Waits until all work is done, and compares what was answered, what is stored, what is in the dead-letter file, and what arrived.
 * The daemon must run, with every fault ended.
 */
export async function conserved(scenario: Watched, drainMs = DRAIN_MS): Promise<Conservation> {
  const until = performance.now() + drainMs;
  for (;;) {
    const isQuiet = await scenario.isQuiet();
    if (isQuiet || performance.now() > until) {
      const found = await find(scenario);
      const violations = [
        ...(isQuiet ? [] : [UNFINISHED]),
        ...CHECKS.flatMap((check) => check(found)),
        ...(await audited(found)),
      ];
      // An escalation is no wait that the status shows.
      if (violations.length === 0 || performance.now() > until - drainMs + ESCALATION_MS)
        return summary(found, violations);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const ESCALATION_MS = 3000;

const UNFINISHED: Violation = { invariant: 'I1', text: 'deliveries did not end in time' };

async function find(scenario: Watched): Promise<Found> {
  await scenario.destinations.collect();
  const events = await all<EventView>(scenario, 'events');
  const deliveries = await all<DeliveryView>(scenario, 'deliveries');
  const arrivals = groupBy(scenario.destinations.arrivals, ({ channel, rule, event }) => key(channel, rule, event));
  return {
    scenario,
    events: new Map(events.map((event) => [event.id, event])),
    deliveries,
    letters: letterLines(await scenario.letters()).flatMap(({ id }) => (id === undefined ? [] : [{ id }])),
    arrivals,
  };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

const key = (channel: string, rule: string, event: string): string => `${channel} ${rule} ${event}`;

async function all<T>({ home }: Watched, what: 'events' | 'deliveries'): Promise<T[]> {
  const items: T[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await home.call<Record<string, T[]> & { next: string | null }>(
      'GET',
      `/v1/${what}?limit=1000&source=api${cursor}`,
    );
    items.push(...body[what]!);
    if (body.next === null) return items;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

type Check = (found: Found) => readonly Violation[];

/** Every event that was answered is stored once. */
const kept: Check = ({ scenario, events }) =>
  scenario.posts.answered
    .filter(({ id }) => !events.has(id!))
    .map(({ id, kind }) => ({ invariant: 'I1', text: `event ${id} (${kind}) was answered 202 and is gone` }));

/** Every event has the deliveries of its rule, and ended as its windows say. */
const decided: Check = ({ events, deliveries }) => {
  const byEvent = groupBy(deliveries, ({ event }) => event);
  const found: Violation[] = [];
  for (const { id, type, outcomes } of events.values()) {
    const kind = KINDS[type];
    if (kind === undefined) continue;
    const outcome = outcomes[type];
    if (outcome === undefined) found.push({ invariant: 'I1', text: `event ${id} (${type}) has no outcome` });
    if (kind.window !== undefined) continue;
    if (outcome !== 'notified') found.push({ invariant: 'I1', text: `event ${id} (${type}) is ${outcome}` });
    const channels = (byEvent.get(id) ?? []).map(({ channel }) => channel).toSorted();
    if (channels.join() !== kind.channels.toSorted().join())
      found.push({
        invariant: 'I1',
        text: `event ${id} (${type}) has deliveries by ${channels.join()}, not ${kind.channels.join()}`,
      });
  }
  return found;
};

/** Wanted number of notified events among the events of one key. */
const WINDOWS: Readonly<Record<string, (events: number) => number>> = {
  first: () => 1,
  pairs: (events) => Math.min(events, 2),
};

/** Windows count every event once, also over a restart. */
const counted: Check = ({ events }) => {
  const windows = [...events.values()].filter(({ type }) => WINDOWS[KINDS[type]?.window ?? ''] !== undefined);
  return [...groupBy(windows, ({ type, subject }) => `${type} ${subject}`)].flatMap(([name, group]) => {
    const { type } = group[0]!;
    const notified = group.filter(({ outcomes }) => outcomes[type] === 'notified').length;
    const wanted = WINDOWS[KINDS[type]!.window!]!(group.length);
    if (notified === wanted) return [];
    return [{ invariant: 'I1', text: `${notified} of ${group.length} events of ${name} are notified, not ${wanted}` }];
  });
};

/** Every delivery ended in the state that its channel gives it. */
const ended: Check = ({ deliveries, letters }) => {
  const inFile = new Set(letters.map(({ id }) => id));
  return deliveries.flatMap(({ id, channel, state, event, error }) => {
    const wanted = ENDLESS.includes(channel)
      ? ['pending', 'sending']
      : REFUSING.includes(channel)
        ? ['dead', 'delivered']
        : ['delivered'];
    const found: Violation[] = [];
    if (!wanted.includes(state))
      found.push({
        invariant: 'I1',
        text: `delivery ${id} by ${channel} of ${event} is ${state} (${error?.code ?? 'no error'}), not ${wanted.join(' or ')}`,
      });
    if ((state === 'dead') !== inFile.has(id)) {
      const text = `delivery ${id} by ${channel} is ${state}, and ${inFile.has(id) ? 'in' : 'not in'} the dead-letter file`;
      found.push({ invariant: 'I1', text });
    }
    return found;
  });
};

/** Every message that counts as delivered has arrived. */
const arrived: Check = ({ deliveries, arrivals }) =>
  deliveries
    .filter(({ state }) => state === 'delivered')
    .filter(
      ({ channel, rule, event }) => !(arrivals.get(key(channel, rule, event)) ?? []).some(({ accepted }) => accepted),
    )
    .map(({ id, channel, event }) => ({
      invariant: 'I1',
      text: `delivery ${id} by ${channel} of ${event} counts as delivered, and never arrived`,
    }));

/** Every message that arrived belongs to a stored event, with the id of its delivery. */
const known: Check = ({ deliveries, arrivals, events }): readonly Violation[] => {
  const ids = new Map(deliveries.map(({ id, channel, rule, event }) => [key(channel, rule, event), id]));
  return [...arrivals].flatMap(([name, group]): Violation[] => {
    const { event, rule } = group[0]!;
    if (!events.has(event)) return [{ invariant: 'I1', text: `${name} arrived, and its event is not stored` }];
    const wrong = group.find(({ delivery }) => delivery !== undefined && delivery !== ids.get(name));
    if (wrong === undefined || KINDS[rule]?.window === 'digest') return [];
    return [{ invariant: 'I2', text: `${name} arrived with the id ${wrong.delivery}, not ${ids.get(name)}` }];
  });
};

/** Duplicates by channel: each accepted arrival after the first; of an endpoint that refuses, also each refused one. */
function duplicates({ arrivals }: Found): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const group of arrivals.values()) {
    const { channel, rule } = group[0]!;
    const accepted = group.filter((one) => one.accepted).length;
    const refused = REFUSING.includes(channel) ? group.length - accepted : 0;
    const repeated = Math.max(0, accepted - 1) + Math.max(0, refused - 1);
    if (repeated > 0 && KINDS[rule]?.window !== 'digest') counts.set(channel, (counts.get(channel) ?? 0) + repeated);
  }
  return counts;
}

/** A delivery is sent again only after a crash, and a channel repeats no more than it had not stored yet. */
const bounded: Check = (found) => {
  const { repeatable } = found.scenario;
  if (repeatable !== undefined) return unexpected(found, repeatable);
  const bound = found.scenario.crashes * MAX_UNWRITTEN;
  return [...duplicates(found)]
    .filter(([, count]) => count > bound)
    .map(([channel, count]) => ({
      invariant: REFUSING.includes(channel) ? 'I3' : 'I2',
      text: `${channel} got ${count} duplicates in ${found.scenario.crashes} crashes`,
    }));
};

/** Repetitions of deliveries that none may repeat. */
function unexpected({ arrivals, deliveries }: Found, repeatable: ReadonlySet<string>): readonly Violation[] {
  const ids = new Map(deliveries.map(({ id, channel, rule, event }) => [key(channel, rule, event), id]));
  return [...arrivals].flatMap(([name, group]): Violation[] => {
    const accepted = group.filter((one) => one.accepted);
    if (accepted.length < 2 || KINDS[group[0]!.rule]?.window === 'digest' || repeatable.has(ids.get(name)!)) return [];
    const times = accepted.map(({ at, sender = '?' }) => `${new Date(at).toISOString()} by ${sender}`);
    return [{ invariant: 'I2', text: `${name} arrived ${accepted.length} times (${times.join(', ')})` }];
  });
}

/** Every event of a digest is in a message that arrived. */
const collected: Check = ({ events, arrivals }) =>
  [...events.values()]
    .filter(({ type }) => KINDS[type]?.window === 'digest')
    .filter(({ id, type }) => !arrivals.has(key('hook', type, id)))
    .map(({ id }) => ({ invariant: 'I1', text: `event ${id} of the digest never arrived` }));

/** Events of one key arrive in the order in which they were posted. */
const ordered: Check = ({ scenario, arrivals }) => {
  const found: Violation[] = [];
  const posted = scenario.posts.answered.filter(({ kind }) => kind === 'ordered');
  const at = (id: string): number => arrivals.get(key('ordered', 'ordered', id))?.[0]?.at ?? Number.POSITIVE_INFINITY;
  for (const [subject, group] of groupBy(posted, (one) => one.subject)) {
    const sorted = group.toSorted((a, b) => a.number - b.number);
    for (const [index, { id }] of sorted.entries())
      if (index > 0 && at(id!) < at(sorted[index - 1]!.id!))
        found.push({ invariant: 'I21', text: `event ${id} of ${subject} arrived before ${sorted[index - 1]!.id}` });
  }
  return found;
};

const CHECKS: readonly Check[] = [kept, decided, counted, ended, arrived, known, bounded, collected, ordered];

/** Id of each line of the dead-letter file; a line that is no record has none. */
function letterLines(text: string): readonly { readonly line: string; readonly id?: string }[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    try {
      return { line, id: (JSON.parse(line) as { id: string }).id };
    } catch {
      return { line };
    }
  });
}

async function audited({ scenario }: Found): Promise<Violation[]> {
  const { home } = scenario;
  const { body } = await home.call<{ violations: string[] }>('GET', '/v1/audit');
  const file = home.path('state', 'dead-letters.jsonl');
  const text = await scenario.letters();
  const torn = letterLines(text).filter(({ id }) => id === undefined);
  const mode = (await stat(file).catch(() => undefined))?.mode ?? 0o600;
  return [
    ...body.violations.map((line): Violation => ({ invariant: 'I1', text: `audit: ${line}` })),
    ...torn.map(({ line }): Violation => ({ invariant: 'I14', text: `a dead letter is torn: ${line.slice(0, 100)}` })),
    ...(text === '' || text.endsWith('\n')
      ? []
      : [{ invariant: 'I14' as const, text: 'the last dead letter is torn' }]),
    ...((mode & 0o777) === 0o600 ? [] : [{ invariant: 'I14' as const, text: `mode ${mode.toString(8)}` }]),
  ];
}

function summary(found: Found, violations: readonly Violation[]): Conservation {
  const { events, deliveries } = found;
  const sum = [...duplicates(found).values()].reduce((total, count) => total + count, 0);
  return { violations, events: events.size, deliveries: deliveries.length, duplicates: sum };
}
