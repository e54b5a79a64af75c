import { DEFAULT_LIMIT, DELIVERY_QUERY, EVENT_FILTERS } from '../../../core/values/history-filters.ts';
import type { ValuesOf } from '../../../core/values/parameter.ts';
import type { HistoryRequest } from '../../daemon-api.ts';
import { HttpProblem } from '../../problem.ts';
import { type RequestContext, type Route, routeWithQuery, sendJson } from '../route.ts';

export const historyRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/events',
    scope: 'read',
    query: EVENT_FILTERS,
    summary: 'Past events with the outcomes of the rules, a page at a time.',
    answers: {
      200: '`{"events":[...],"next"}`; `next` is null on the last page',
      400: 'An unknown or wrong parameter',
    },
    async handle({ response, query }, { daemon, scrubber }) {
      const { items, next } = await daemon.events(requestOf(query));
      sendJson(response, 200, scrubber.scrubJson({ events: items, next: next ?? null }));
    },
  }),
  {
    method: 'GET',
    path: '/v1/events/:id',
    scope: 'read',
    summary: 'One event with the decisions of the rules, then and later, and its deliveries.',
    answers: { 200: 'The event', 404: 'No such event' },
    async handle({ response, params }: RequestContext, { daemon, scrubber }) {
      const event = await daemon.event(params.id ?? '');
      if (event === undefined) throw new HttpProblem(404, 'event.none', 'there is no event with this id');
      sendJson(response, 200, scrubber.scrubJson(event));
    },
  },
  routeWithQuery({
    method: 'GET',
    path: '/v1/deliveries',
    scope: 'read',
    query: DELIVERY_QUERY,
    summary: 'Deliveries with their attempts and receipts, a page at a time.',
    answers: {
      200: '`{"deliveries":[...],"next"}`; `next` is null on the last page',
      400: 'An unknown or wrong parameter',
    },
    async handle({ response, query }, { daemon, scrubber }) {
      const { items, next } = await daemon.deliveries(requestOf(query));
      sendJson(response, 200, scrubber.scrubJson({ deliveries: items, next: next ?? null }));
    },
  }),
  {
    method: 'GET',
    path: '/v1/deliveries/:id',
    scope: 'read',
    summary: 'One delivery with its attempts and receipt.',
    answers: { 200: 'The delivery', 404: 'No such delivery' },
    async handle({ response, params }: RequestContext, { daemon, scrubber }) {
      const delivery = await daemon.delivery(params.id ?? '');
      if (delivery === undefined) throw new HttpProblem(404, 'delivery.none', 'there is no delivery with this id');
      sendJson(response, 200, scrubber.scrubJson(delivery));
    },
  },
];

function requestOf(given: ValuesOf<typeof EVENT_FILTERS & typeof DELIVERY_QUERY>): HistoryRequest {
  const { state: states, order = 'desc', limit = DEFAULT_LIMIT, message, ...filter } = given;
  return {
    ...filter,
    ...(message === 'true' && { message: true }),
    ...(states !== undefined && { states }),
    order,
    limit,
  };
}
