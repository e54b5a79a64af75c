import { describeApi } from '../../openapi.ts';
import { type Route, sendJson } from '../route.ts';

const healthRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/healthz',
    scope: 'local',
    summary: 'The process answers.',
    answers: { 200: 'Alive' },
    handle: ({ response }) => sendJson(response, 200, { status: 'ok' }),
  },
  {
    method: 'GET',
    path: '/readyz',
    scope: 'local',
    summary: 'Whether events are accepted, and reasons for what works only in part.',
    answers: { 200: 'Ready; `reasons` may still name what does not work', 503: 'Not ready' },
    handle({ response }, { daemon, scrubber }) {
      const readiness = scrubber.scrubJson(daemon.readiness());
      sendJson(response, readiness.ready ? 200 : 503, readiness);
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    scope: 'local',
    summary: 'Prometheus metrics.',
    answers: { 200: 'Text exposition' },
    async handle({ response }, { metrics }) {
      const text = await metrics.text();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    },
  },
];

const clientRoute: Route = {
  method: 'GET',
  path: '/client.js',
  scope: 'open',
  pages: true,
  summary: 'The WebSocket client for browsers, an ES module.',
  answers: { 200: 'JavaScript' },
  handle({ response }, { stream }) {
    response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(stream.clientSource());
  },
};

/** Routes for health, metrics, the client for browsers, and the OpenAPI description of all `routes`. */
export function metaRoutes(routes: () => readonly Route[]): readonly Route[] {
  return [
    ...healthRoutes,
    {
      method: 'GET',
      path: '/openapi.json',
      scope: 'open',
      summary: 'This description.',
      answers: { 200: 'OpenAPI 3.1' },
      handle: ({ response }) => sendJson(response, 200, describeApi(routes())),
    },
    clientRoute,
  ];
}
