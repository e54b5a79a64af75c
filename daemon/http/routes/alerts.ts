import type { IncomingMessage } from 'node:http';
import type { Acknowledgement } from '../../core/alerts/alerts.ts';
import { isObject } from '../../core/values/json.ts';
import { NAME } from '../../core/values/value-kind.ts';
import { SOCKET_CALLER } from '../request/auth.ts';
import { readJson } from '../request/body.ts';
import { HttpProblem } from '../problem.ts';
import { type Exchange, type Route, type RouteParts, routeWithQuery, sendJson } from './route.ts';

const LONGEST_NAME = 200;
const ACK_ANSWERS = { 200: '`{"acknowledged":[{"rule","key"}]}`', 404: 'Nothing fires for this key' };

export const alertRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/alerts',
    scope: 'read',
    query: { rule: { kind: NAME, about: 'only those of this rule' } },
    summary: 'What fires, the oldest first.',
    answers: { 200: '`{"alerts":[...]}`' },
    handle: ({ response, query }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ alerts: daemon.alertActions.alerts(query.rule) })),
  }),
  {
    method: 'POST',
    path: '/v1/alerts/:key/ack',
    scope: 'admin',
    body: ['application/json'],
    summary: 'Acknowledge what fires for a key: of every rule, or of `{"rule"}`; `{"by"}` says who.',
    answers: ACK_ANSWERS,
    async handle(exchange, parts) {
      const body = await ackBody(exchange.request, parts, ['rule', 'by']);
      await acknowledge({ ...body, key: exchange.params.key ?? '' }, exchange, parts);
    },
  },
  {
    method: 'POST',
    path: '/v1/alerts/ack',
    scope: 'admin',
    body: ['application/json'],
    summary: 'The same with `{"key"}` in the body, for keys that no path can hold: `.`, `..`, and none at all.',
    answers: ACK_ANSWERS,
    async handle(exchange, parts) {
      const { key, ...body } = await ackBody(exchange.request, parts, ['key', 'rule', 'by']);
      if (key === undefined) throw new HttpProblem(400, 'ack.body', '`key` is missing', { more: { pointer: '/key' } });
      await acknowledge({ ...body, key }, exchange, parts);
    },
  },
  {
    method: 'GET',
    path: '/v1/silences',
    scope: 'read',
    summary: 'The silences of the files and those that people made; these also for 5 days after their end.',
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
      201: 'On disk: the silence, and `would_silence` of what fires and of the last 24 h',
      400: 'Each problem with its JSON Pointer',
      409: 'There are too many',
    },
    handle: postSilence,
  },
  {
    method: 'DELETE',
    path: '/v1/silences/:id',
    scope: 'admin',
    summary: 'End a silence now.',
    answers: { 204: 'It is over', 404: 'No such silence', 409: 'It stands in a file' },
    async handle({ response, params }, { daemon }) {
      const ended = await daemon.alertActions.expireSilence(params.id ?? '');
      if (ended.kind === 'none') throw new HttpProblem(404, 'silence.none', 'there is no silence with this id');
      if (ended.kind === 'file')
        throw new HttpProblem(409, 'silence.file', `this silence stands in ${ended.file}; take it out there`);
      response.writeHead(204).end();
    },
  },
];

async function acknowledge(given: Acknowledgement, { response, caller }: Exchange, parts: RouteParts): Promise<void> {
  const { daemon, scrubber } = parts;
  const { acknowledged, mend } = await daemon.alertActions.acknowledge({ ...signedBy(caller), ...given });
  if (acknowledged.length === 0) {
    const what = given.rule === undefined ? 'nothing fires for this key' : 'this rule has nothing firing for this key';
    throw new HttpProblem(404, 'alert.none', mend === undefined ? what : `${what}; ${mend}`);
  }
  sendJson(response, 200, scrubber.scrubJson({ acknowledged }));
}

async function postSilence({ request, response, caller }: Exchange, { daemon, scrubber }: RouteParts): Promise<void> {
  const posted = await readJson(request, daemon.limits().body);
  const made = await daemon.alertActions.silence(isObject(posted) ? { ...signedBy(caller), ...posted } : posted);
  if (made.kind === 'too_many')
    throw new HttpProblem(409, 'silence.too_many', `there are ${made.most} silences already; expire some first`);
  if (made.kind === 'invalid') {
    const [first] = made.problems;
    const detail = first === undefined ? 'this is no silence' : `${first.message}: ${first.mend}`;
    const more = { pointer: first?.pointer ?? '', problems: made.problems };
    throw new HttpProblem(400, 'silence.invalid', detail, { more });
  }
  sendJson(response, 201, scrubber.scrubJson(made.silence));
}

/** Whoever has a token has a name; the socket is everybody's. */
function signedBy(caller: Exchange['caller']): { readonly by?: string } {
  return caller === undefined || caller === SOCKET_CALLER ? {} : { by: caller.name };
}

type AckField = 'key' | 'rule' | 'by';

async function ackBody(
  request: IncomingMessage,
  { daemon }: RouteParts,
  fields: readonly AckField[],
): Promise<Partial<Record<AckField, string>>> {
  const body = await readJson(request, daemon.limits().body);
  if (!isObject(body)) throw new HttpProblem(400, 'ack.body', 'the body is a JSON object');
  for (const [name, value] of Object.entries(body)) {
    const more = { pointer: `/${name.slice(0, 40)}` };
    if (!(fields as readonly string[]).includes(name))
      throw new HttpProblem(400, 'ack.body', `there is no field like that; there are ${fields.join(', ')}`, { more });
    if (typeof value !== 'string' || (name === 'by' && value.length > LONGEST_NAME))
      throw new HttpProblem(400, 'ack.body', `\`${name}\` is text, of \`by\` at most ${LONGEST_NAME} characters`, {
        more,
      });
  }
  return body;
}
