import { count, oneOf } from '../../../core/values/value-kind.ts';
import { HttpProblem } from '../../problem.ts';
import { type RequestContext, type Route, routeWithQuery, sendJson } from '../route.ts';

export const MAX_PAGE_SIZE = 1000;
const MAX_RULES = 10_000_000;
const MAX_GENERATIONS = 100;

export const rulesRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/rules',
    scope: 'read',
    query: {
      limit: {
        kind: count(1, MAX_PAGE_SIZE),
        about: `size of a page: ${MAX_PAGE_SIZE} if not set, which is the largest`,
      },
      cursor: { kind: count(0, MAX_RULES), about: '`next` of the page before' },
      text: { kind: oneOf(['true', 'false']), about: '`false`: leave out the `text` of each rule' },
    },
    summary: 'The rules in force, with what each did last, a page at a time.',
    answers: {
      200: '`{"generation","total","rules":[...],"next","problems":[...]}`; `next` is null on the last page',
      400: 'An unknown or wrong parameter',
    },
    async handle({ response, query: { limit = MAX_PAGE_SIZE, cursor = 0, text } }, { daemon, scrubber }) {
      const page = await daemon.rules.page({ limit, from: cursor, text: text !== 'false' });
      sendJson(response, 200, scrubber.scrubJson(page));
    },
  }),
  {
    method: 'GET',
    path: '/v1/rules/:name',
    scope: 'read',
    summary: 'One rule in force with its source text, secrets masked.',
    answers: { 200: 'The rule', 404: 'No such rule' },
    async handle({ response, params }: RequestContext, { daemon, scrubber }) {
      const rule = await daemon.rules.rule(params.name ?? '');
      if (rule === undefined)
        throw new HttpProblem(404, 'rule.none', 'no rule in force has this name; `GET /v1/rules` lists them');
      sendJson(response, 200, scrubber.scrubJson(rule));
    },
  },
  {
    method: 'POST',
    path: '/v1/rules/test',
    scope: 'read',
    audit: { none: 'it changes nothing' },
    summary: 'Run the tests of the rules directory (`*.test.yaml`) against the rules in force. Nothing is sent.',
    answers: { 200: 'The result of each test', 503: 'The tests did not end' },
    async handle({ response }, { daemon, scrubber }) {
      sendJson(response, 200, scrubber.scrubJson(await daemon.rules.test()));
    },
  },
  routeWithQuery({
    method: 'GET',
    path: '/v1/generations',
    scope: 'read',
    query: {
      limit: {
        kind: count(1, MAX_GENERATIONS),
        about: `number of reloads: ${MAX_GENERATIONS} if not set, which are all`,
      },
    },
    summary: 'The last reloads that changed the rules or were refused, the latest first.',
    answers: { 200: '`{"generations":[...]}`', 400: 'An unknown or wrong parameter' },
    async handle({ response, query: { limit = MAX_GENERATIONS } }, { daemon, scrubber }) {
      sendJson(response, 200, scrubber.scrubJson({ generations: await daemon.rules.generations(limit) }));
    },
  }),
];
