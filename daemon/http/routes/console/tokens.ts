import { HttpProblem } from '../../problem.ts';
import { type Route, sendJson } from '../route.ts';

export const tokenRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/tokens',
    scope: 'admin',
    summary: 'Tokens with their scopes, ends and last uses, and the sessions of the web console. No secrets.',
    answers: {
      200: '`{"tokens":[{"name","scopes","state","origin","expires","last_used"}],"sessions":[{"id","by","scopes","since","until","address","last_used"}]}`',
    },
    handle: async ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson(await daemon.identity.list())),
  },
  {
    method: 'DELETE',
    path: '/v1/sessions/:id',
    scope: 'admin',
    audit: 'session.end',
    summary: 'End a session of the web console.',
    answers: { 204: 'Ended', 404: 'No such session' },
    async handle({ response, params, audit }, { daemon }) {
      if (!(await daemon.identity.endSession(params.id ?? '')))
        throw new HttpProblem(
          404,
          'session.none',
          'there is no session with this id; `belfry token list` and `GET /v1/tokens` list them',
        );
      await audit.done({ target: params.id });
      response.writeHead(204).end();
    },
  },
];
