import type { IncomingMessage } from 'node:http';
import type { Acknowledgement } from '../../core/alerts/alerts.ts';
import { isObject } from '../../core/values/json.ts';
import { NAME } from '../../core/values/value-kind.ts';
import { SOCKET_CALLER } from '../request/auth.ts';
import { readJson } from '../request/body.ts';
import { HttpProblem } from '../problem.ts';
import { type RequestContext, type Route, type RouteDeps, routeWithQuery, sendJson } from './route.ts';

const MAX_NAME_LENGTH = 200;
const ACK_ANSWERS = { 200: '`{"acknowledged":[{"rule","key"}]}`', 404: 'Nothing fires for this key' };

export const alertRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/alerts',
    scope: 'read',
    query: { rule: { kind: NAME, about: 'only those of this rule' } },
    summary: 'Firing alerts, the oldest first.',
    answers: { 200: '`{"alerts":[...]}`' },
    handle: ({ response, query }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ alerts: daemon.alertActions.alerts(query.rule) })),
  }),
  {
    method: 'POST',
    path: '/v1/alerts/:key/ack',
    scope: 'admin',
    body: ['application/json'],
    summary: 'Acknowledge the alerts of a key, of every rule or of `{"rule"}`; `{"by"}` names the person.',
    answers: ACK_ANSWERS,
    async handle(context, deps) {
      const body = await ackBody(context.request, deps, ['rule', 'by']);
      await acknowledge({ ...body, key: context.params.key ?? '' }, context, deps);
    },
  },
  {
    method: 'POST',
    path: '/v1/alerts/ack',
    scope: 'admin',
    body: ['application/json'],
    summary: 'The same with `{"key"}` in the body, for keys that a path cannot hold: `.`, `..` and the empty key.',
    answers: ACK_ANSWERS,
    async handle(context, deps) {
      const { key, ...body } = await ackBody(context.request, deps, ['key', 'rule', 'by']);
      if (key === undefined) throw new HttpProblem(400, 'ack.body', '`key` is missing', { more: { pointer: '/key' } });
      await acknowledge({ ...body, key }, context, deps);
    },
  },
  {
    method: 'GET',
    path: '/v1/silences',
    scope: 'read',
    summary: 'Silences of the files and those that people made; the latter also for 5 days after their end.',
    answers: { 200: '`{"silences":[...]}`' },
    handle: ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ silences: daemon.alertActions.silences() })),
  },
  {
    method: 'POST',
    path: '/v1/silences',
    scope: 'admin',
    body: ['application/json'],
    summary:
      'Make a silence: `match`, `if`, `from`, `until` or `for`, `recurring`, `timezone`, `reason`, `by`, `name`.',
    answers: {
      201: 'On disk: the silence, and `would_silence`: how many firing alerts and events of the last 24 h it matches',
      400: 'Each problem with its JSON Pointer',
      409: 'Too many silences',
    },
    handle: postSilence,
  },
  {
    method: 'DELETE',
    path: '/v1/silences/:id',
    scope: 'admin',
    summary: 'End a silence now.',
    answers: { 204: 'Ended', 404: 'No such silence', 409: 'It is defined in a file' },
    async handle({ response, params }, { daemon }) {
      const ended = await daemon.alertActions.expireSilence(params.id ?? '');
      if (ended.kind === 'none') throw new HttpProblem(404, 'silence.none', 'there is no silence with this id');
      if (ended.kind === 'file')
        throw new HttpProblem(409, 'silence.file', `this silence is defined in ${ended.file}; remove it there`);
      response.writeHead(204).end();
    },
  },
];

async function acknowledge(
  given: Acknowledgement,
  { response, caller }: RequestContext,
  deps: RouteDeps,
): Promise<void> {
  const { daemon, scrubber } = deps;
  const { acknowledged, mend } = await daemon.alertActions.acknowledge({ ...byCaller(caller), ...given });
  if (acknowledged.length === 0) {
    const what = given.rule === undefined ? 'nothing fires for this key' : 'this rule has nothing firing for this key';
    throw new HttpProblem(404, 'alert.none', mend === undefined ? what : `${what}; ${mend}`);
  }
  sendJson(response, 200, scrubber.scrubJson({ acknowledged }));
}

async function postSilence(
  { request, response, caller }: RequestContext,
  { daemon, scrubber }: RouteDeps,
): Promise<void> {
  const posted = await readJson(request, daemon.limits().body);
  const made = await daemon.alertActions.silence(isObject(posted) ? { ...byCaller(caller), ...posted } : posted);
  if (made.kind === 'too_many')
    throw new HttpProblem(409, 'silence.too_many', `there are ${made.most} silences already; expire some first`);
  if (made.kind === 'invalid') {
    const [first] = made.problems;
    const detail = first === undefined ? 'this is not a silence' : `${first.message}: ${first.mend}`;
    const more = { pointer: first?.pointer ?? '', problems: made.problems };
    throw new HttpProblem(400, 'silence.invalid', detail, { more });
  }
  sendJson(response, 201, scrubber.scrubJson(made.silence));
}

/** Name of the caller for the record: that of the token; a caller on the socket has none. */
function byCaller(caller: RequestContext['caller']): { readonly by?: string } {
  return caller === undefined || caller === SOCKET_CALLER ? {} : { by: caller.name };
}

type AckField = 'key' | 'rule' | 'by';

async function ackBody(
  request: IncomingMessage,
  { daemon }: RouteDeps,
  fields: readonly AckField[],
): Promise<Partial<Record<AckField, string>>> {
  const body = await readJson(request, daemon.limits().body);
  if (!isObject(body)) throw new HttpProblem(400, 'ack.body', 'the body is a JSON object');
  for (const [name, value] of Object.entries(body)) {
    const more = { pointer: `/${name.slice(0, 40)}` };
    if (!(fields as readonly string[]).includes(name))
      throw new HttpProblem(400, 'ack.body', `there is no field like that; there are ${fields.join(', ')}`, { more });
    if (typeof value !== 'string' || (name === 'by' && value.length > MAX_NAME_LENGTH))
      throw new HttpProblem(400, 'ack.body', `\`${name}\` is text, of \`by\` at most ${MAX_NAME_LENGTH} characters`, {
        more,
      });
  }
  return body;
}
