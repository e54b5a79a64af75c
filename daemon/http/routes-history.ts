import type { DeliveryState } from '../core/delivery.ts';
import { parseDuration } from '../lib/duration.ts';
import type { HistoryRequest } from './port.ts';
import { HttpProblem } from './problem.ts';
import { type Exchange, type Route, sendJson } from './route.ts';

const DEFAULT_LIMIT = 50;
const MOST = 1000;

const COMMON = {
  since: 'Not before this time (RFC 3339), or this duration ago.',
  until: 'Before this time, or this duration ago.',
  source: 'Of this source.',
  type: 'Of this type; `*` stands for any part.',
  rule: 'What this rule had to do with.',
  key: 'Of this key.',
  text: 'With this somewhere in its texts, in upper or lower case.',
  order: '`desc`, the newest first, or `asc`.',
  limit: `So many on a page; ${DEFAULT_LIMIT} if not set, ${MOST} at most.`,
  cursor: '`next` of the page before.',
} as const;

/** Every parameter of a listing, with what it does. */
const EVENT_FILTERS = { ...COMMON, outcome: 'Where a rule had this outcome.' };
const DELIVERY_FILTERS = {
  ...COMMON,
  event: 'Of the event with this id.',
  channel: 'Of this channel.',
  state: 'In this state; several are separated by commas.',
};

const STATES: readonly DeliveryState[] = ['pending', 'sending', 'held', 'delivered', 'dead', 'cancelled'];

export const historyRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/events',
    scope: 'read',
    query: EVENT_FILTERS,
    summary: 'Past events with what the rules did, a page at a time.',
    answers: {
      200: '`{"events":[...],"next"}`; `next` is null on the last page',
      400: 'A parameter that is not understood',
    },
    async handle({ response, query }, { port, scrubber }) {
      const { items, next } = await port.events(requestOf(query, EVENT_FILTERS));
      sendJson(response, 200, scrubber.scrubJson({ events: items, next: next ?? null }));
    },
  },
  {
    method: 'GET',
    path: '/v1/events/:id',
    scope: 'read',
    summary: 'One event with what the rules decided, then and later, and its deliveries.',
    answers: { 200: 'The event', 404: 'No such event' },
    async handle({ response, params }: Exchange, { port, scrubber }) {
      const event = await port.event(params.id ?? '');
      if (event === undefined) throw new HttpProblem(404, 'event.none', 'there is no event with this id');
      sendJson(response, 200, scrubber.scrubJson(event));
    },
  },
  {
    method: 'GET',
    path: '/v1/deliveries',
    scope: 'read',
    query: DELIVERY_FILTERS,
    summary: 'Deliveries with their attempts and receipts, a page at a time.',
    answers: {
      200: '`{"deliveries":[...],"next"}`; `next` is null on the last page',
      400: 'A parameter that is not understood',
    },
    async handle({ response, query }, { port, scrubber }) {
      const { items, next } = await port.deliveries(requestOf(query, DELIVERY_FILTERS));
      sendJson(response, 200, scrubber.scrubJson({ deliveries: items, next: next ?? null }));
    },
  },
  {
    method: 'GET',
    path: '/v1/deliveries/:id',
    scope: 'read',
    summary: 'One delivery with its attempts and receipt.',
    answers: { 200: 'The delivery', 404: 'No such delivery' },
    async handle({ response, params }: Exchange, { port, scrubber }) {
      const delivery = await port.delivery(params.id ?? '');
      if (delivery === undefined) throw new HttpProblem(404, 'delivery.none', 'there is no delivery with this id');
      sendJson(response, 200, scrubber.scrubJson(delivery));
    },
  },
];

/** The parameters as a request to the daemon. Whoever mistypes one must not take everything for what was asked. */
function requestOf(query: URLSearchParams, known: Readonly<Record<string, string>>): HistoryRequest {
  for (const name of new Set(query.keys())) {
    if (!Object.hasOwn(known, name))
      throw wrong(name, `is not a parameter here; there are ${Object.keys(known).join(', ')}`);
    if (query.getAll(name).length > 1) throw wrong(name, 'is given twice; give it once');
  }
  const text = (name: string): string | undefined => query.get(name) ?? undefined;
  const given = Object.fromEntries(
    ['source', 'type', 'rule', 'outcome', 'channel', 'key', 'text', 'event', 'cursor'].flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const states = text('state')?.split(',').map(stateOf);
  return {
    ...given,
    ...(states !== undefined && { states }),
    ...timeOf('since', text('since')),
    ...timeOf('until', text('until')),
    order: orderOf(text('order')),
    limit: limitOf(text('limit')),
  };
}

function stateOf(text: string): DeliveryState {
  const state = STATES.find((known) => known === text);
  if (state === undefined) throw wrong('state', `is none of ${STATES.join(', ')}`);
  return state;
}

function timeOf(name: 'since' | 'until', text: string | undefined): Partial<Pick<HistoryRequest, 'since' | 'until'>> {
  if (text === undefined) return {};
  const ago = parseDuration(text);
  if (ago !== undefined) return { [name]: { ago } };
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw wrong(name, 'is neither a time nor a duration; write 2026-11-23T09:00:00Z, or 2h for two hours ago');
  return { [name]: { at } };
}

function orderOf(text = 'desc'): HistoryRequest['order'] {
  if (text !== 'asc' && text !== 'desc') throw wrong('order', 'is neither `asc` nor `desc`');
  return text;
}

function limitOf(text = String(DEFAULT_LIMIT)): number {
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MOST) throw wrong('limit', `is no number from 1 to ${MOST}`);
  return limit;
}

function wrong(name: string, what: string): HttpProblem {
  return new HttpProblem(400, 'query.invalid', `\`${name}\` ${what}`, { more: { parameter: name } });
}
