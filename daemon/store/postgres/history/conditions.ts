import { literalEnds } from '../../../core/match/glob.ts';
import { isTypeGlob } from '../../../core/match/type-filter.ts';
import type { DeliveryState } from '../../../core/delivery/delivery.ts';
import type { HistoryFilter } from '../../store.ts';
import { hashOf, seqOfId, toColumn } from '../../shared/keys.ts';
import { STATE } from '../../shared/stored-states.ts';
import type { Parameters } from './parameters.ts';
import { searchableRun, storedPart } from './searchable-run.ts';

/**
 * Conditions in SQL that every row which matches a filter fulfils. Other rows may fulfil them too: the test of
 * `shared/history/matches.ts` decides. They compare texts: to parse each document would take longer.
 */
export interface Conditions {
  /** Conditions that are cheap, and that choose the rows to examine. */
  readonly rows: readonly string[];
  /** Conditions on the rows that are examined. */
  readonly tests: readonly string[];
}

/** Conditions on `events e`. */
export function eventConditions(s: string, filter: HistoryFilter, parameters: Parameters): Conditions {
  const { since, until, rule, outcome, key, event } = filter;
  const tests = ofEvent(filter, parameters, ['e.body']);
  if (since !== undefined) tests.push(`e.at >= ${parameters.add(Math.ceil(since), 'bigint')}`);
  if (until !== undefined) tests.push(`e.at < ${parameters.add(Math.ceil(until), 'bigint')}`);
  if (outcome === 'no_match' && rule === undefined && key === undefined)
    tests.push(`(e.outcomes = '[]' OR ${hasField('outcome', outcome, parameters, ['e.outcomes'])})`);
  else
    for (const [name, value] of Object.entries({ rule, outcome, key }))
      if (value !== undefined) tests.push(hasField(name, value, parameters, ['e.outcomes']));
  return { rows: event === undefined ? [] : [`e.seq IN (${eventsWithId(s, event, parameters)})`], tests };
}

/** Conditions on `deliveries d` with their `events e`. `claimed` are rows that are claimed now. */
export function deliveryConditions(
  s: string,
  filter: HistoryFilter,
  claimed: readonly number[],
  parameters: Parameters,
): Conditions {
  const { rule, key, channel, states, class: failure, code, event } = filter;
  const tests = ofEvent(filter, parameters, ['d.body', 'e.body']);
  if (channel !== undefined) tests.push(`d.channel = ${parameters.add(toColumn(channel), 'text')}`);
  if (states !== undefined) tests.push(isInState(states, claimed, parameters));
  if (event !== undefined) {
    const inBody = hasField('id', event, parameters, ['d.body']);
    tests.push(`(d.event IN (${eventsWithId(s, event, parameters)}) OR ${inBody})`);
  }
  for (const [name, value] of Object.entries({ rule, key }))
    if (value !== undefined) tests.push(hasField(name, value, parameters, ['d.body']));
  for (const [name, value] of Object.entries({ class: failure, code }))
    if (value !== undefined) tests.push(hasField(name, value, parameters, ['d.attempts', 'd.error']));
  return { rows: [], tests };
}

/** Conditions on the event itself, which is in one of the columns. */
function ofEvent({ source, type, text }: HistoryFilter, parameters: Parameters, columns: readonly string[]): string[] {
  const tests: string[] = [];
  if (source !== undefined) tests.push(hasField('source', source, parameters, columns));
  if (type !== undefined && !isTypeGlob(type)) tests.push(hasField('type', type, parameters, columns));
  if (type !== undefined && isTypeGlob(type)) {
    const { prefix } = literalEnds(type);
    if (prefix !== '') tests.push(hasText(`"type":${JSON.stringify(prefix).slice(0, -1)}`, parameters, columns));
  }
  const run = text === undefined ? '' : searchableRun(text);
  if (run !== '') {
    const wanted = parameters.add(run, 'text');
    tests.push(anyOf(columns.flatMap((column) => containsRun(column, run, wanted))));
  }
  return tests;
}

/** Letters outside of ASCII whose lower case has an ASCII letter: the Kelvin sign, and the capital i with a dot. */
const LOWERED_TO_ASCII = [
  ['k', '\u212a'],
  ['i', '\u0130'],
] as const;

/** A document contains the run, in upper or lower case, or a letter of which `lower` of SQL does not know that it is one of the run. */
function containsRun(column: string, run: string, wanted: string): string[] {
  // The collation "C" changes ASCII alone, on every server.
  return [
    `strpos(lower(${column} COLLATE "C"), ${wanted}) > 0`,
    ...LOWERED_TO_ASCII.filter(([ascii]) => run.includes(ascii)).map(
      ([, letter]) => `strpos(${column}, '${letter}') > 0`,
    ),
  ];
}

/** A field of a JSON document as `JSON.stringify` writes it. */
function hasField(name: string, value: string, parameters: Parameters, columns: readonly string[]): string {
  return hasText(`"${name}":${JSON.stringify(value)}`, parameters, columns);
}

function hasText(text: string, parameters: Parameters, columns: readonly string[]): string {
  const wanted = parameters.add(storedPart(text), 'text');
  return anyOf(columns.map((column) => `strpos(${column}, ${wanted}) > 0`));
}

/** A test of a missing event is NULL, so the alternatives decide. */
const anyOf = (tests: readonly string[]): string => (tests.length === 1 ? tests[0]! : `(${tests.join(' OR ')})`);

/** SQL: row numbers of the events that may have this id: the number in the id, and those of ids that senders chose. */
function eventsWithId(s: string, id: string, parameters: Parameters): string {
  const own = parameters.add(seqOfId(id) ?? 0, 'bigint');
  return `SELECT ${own} UNION ALL SELECT n.event FROM ${s}.names n WHERE n.id_hash = ${parameters.add(hashOf(id), 'bigint')}`;
}

/** Stored states of a state of the contract; `sending` is also a claim of a pending delivery, which memory knows. */
const STORED: Readonly<Record<DeliveryState, readonly number[]>> = {
  pending: [STATE.pending, STATE.retry],
  held: [STATE.pending, STATE.retry],
  sending: [STATE.sending],
  delivered: [STATE.delivered],
  dead: [STATE.dead],
  cancelled: [STATE.cancelled],
};

function isInState(states: readonly DeliveryState[], claimed: readonly number[], parameters: Parameters): string {
  const test = `d.state = ANY(${parameters.add([...new Set(states.flatMap((state) => STORED[state]))], 'smallint[]')})`;
  if (!states.includes('sending') || claimed.length === 0) return test;
  return `(${test} OR d.seq = ANY(${parameters.add(claimed, 'bigint[]')}))`;
}
