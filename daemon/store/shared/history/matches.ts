import { containsText } from '../../../core/values/contains-text.ts';
import { typeTest } from '../../../core/match/type-filter.ts';
import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Attempt, Delivery, DeliveryState } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import type { Row } from '../writes.ts';
import { STATE, STATE_NAMES } from '../stored-states.ts';
import type { HistoryFilter, StoredDelivery } from '../../store.ts';

type Test = (value: string) => boolean;

/** Test of an event row: row number, time, body, outcomes. */
export function eventMatcher(filter: HistoryFilter): (row: Row) => boolean {
  const { since = 0, until = Number.POSITIVE_INFINITY, rule, outcome, key } = filter;
  const text = textTest(filter.text);
  const isEvent = eventTest(filter);
  return (row) => {
    const [, at, body, outcomes] = row as [number, number, string, string];
    if (at < since || at >= until || !text(body)) return false;
    if (rule === undefined && outcome === undefined && key === undefined) return isEvent(body);
    const results = JSON.parse(outcomes) as (RuleResult | LaterResult)[];
    const isMatch = results.some(
      (result) =>
        (rule === undefined || result.rule === rule) &&
        (outcome === undefined || result.outcome === outcome) &&
        (key === undefined || result.key === key),
    );
    // An event that no rule matched has no results.
    return (
      (isMatch || (outcome === 'no_match' && rule === undefined && key === undefined && results.length === 0)) &&
      isEvent(body)
    );
  };
}

/** Conditions on the event itself: source, type, id. */
function eventTest({ source, type, event: id }: HistoryFilter): Test {
  if (source === undefined && type === undefined && id === undefined) return () => true;
  const isType = type === undefined ? () => true : typeTest(type);
  return (body) => {
    const event = JSON.parse(body) as Event;
    return (
      (source === undefined || event.source === source) && (id === undefined || event.id === id) && isType(event.type)
    );
  };
}

/** Test of a delivery row, as `DELIVERY_COLUMNS` names it. `claimed` are the rows that are claimed now. */
export function deliveryMatcher(filter: HistoryFilter, claimed: ReadonlySet<number>): (row: Row) => boolean {
  const { since = 0, until = Number.POSITIVE_INFINITY, rule, key, channel } = filter;
  const isInState = stateTest(filter, claimed);
  const text = textTest(filter.text);
  const failed = failureTest(filter);
  const isEvent = eventTest(filter);
  return (row) => {
    const [seq, state, , body, attempts, , error, eventBody] = row as [
      number,
      number,
      number,
      string,
      string,
      unknown,
      string | null,
      string | null,
    ];
    if (!failed(attempts, error)) return false;
    const delivery = JSON.parse(body) as Omit<Delivery, 'attempts'>;
    if (delivery.createdAt < since || delivery.createdAt >= until) return false;
    if (rule !== undefined && delivery.rule !== rule) return false;
    if (key !== undefined && delivery.key !== key) return false;
    if (channel !== undefined && delivery.channel !== channel) return false;
    if (!isInState(seq, state, delivery.channel)) return false;
    const event = eventBody ?? JSON.stringify(delivery.event ?? {});
    return (text(body) || text(event)) && isEvent(event);
  };
}

/** Conditions on the last attempt and the death. */
function failureTest({
  class: wanted,
  code,
}: HistoryFilter): (attemptsJson: string, errorJson: string | null) => boolean {
  if (wanted === undefined && code === undefined) return () => true;
  return (attemptsJson, errorJson) => {
    const last = (JSON.parse(attemptsJson) as Attempt[]).at(-1);
    const error = errorJson === null ? undefined : (JSON.parse(errorJson) as NonNullable<StoredDelivery['error']>);
    return (
      (wanted === undefined || last?.class === wanted || error?.class === wanted) &&
      (code === undefined || last?.code === code || error?.code === code)
    );
  };
}

/** Test of the state. Claims are only known in memory: the row of a claimed delivery is pending. */
function stateTest(
  { states, held = [] }: HistoryFilter,
  claimed: ReadonlySet<number>,
): (seq: number, state: number, channel: string) => boolean {
  if (states === undefined) return () => true;
  const wanted = new Set<DeliveryState>(states);
  const heldChannels = new Set(held);
  return (seq, state, channel) => {
    if (state > STATE.sending) return wanted.has(STATE_NAMES[state]!);
    if (state === STATE.sending || claimed.has(seq)) return wanted.has('sending');
    return wanted.has(heldChannels.has(channel) ? 'held' : 'pending');
  };
}

/** Matches part of any text value in a JSON document, in upper or lower case, but not the names of fields. */
function textTest(text: string | undefined): Test {
  if (text === undefined || text === '') return () => true;
  const wanted = text.toLowerCase();
  const quick = JSON.stringify(wanted).slice(1, -1);
  return (body) => body.toLowerCase().includes(quick) && containsText(JSON.parse(body), wanted);
}
