import type { SilenceProblem } from '../../../core/alerts/silence-request.ts';
import { isObject } from '../../../core/values/json.ts';
import { oneOf } from '../../../core/values/value-kind.ts';
import { HttpProblem } from '../../problem.ts';
import { callerName, requireScope, type TokenScope } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { type RequestContext, type Route, type RouteDeps, routeWithQuery, sendJson } from '../route.ts';

const READ: readonly TokenScope[] = ['read', 'ack'];

const POST_QUERY = {
  plan: { kind: oneOf(['true', 'false']), about: '`true`: preview what it would have silenced, and make nothing' },
};

export const silenceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/silences',
    scope: READ,
    summary:
      'Silences of the files and those that people made; the latter also for 5 days after their end; each with its last use.',
    answers: { 200: '`{"silences":[...]}`' },
    handle: async ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ silences: await daemon.silences() })),
  },
  routeWithQuery({
    method: 'POST',
    path: '/v1/silences',
    scope: READ,
    query: POST_QUERY,
    audit: 'silence.add',
    body: ['application/json'],
    summary:
      'Make a silence, which needs the scope `ack`: `match`, `if`, `from`, `until` or `for`, `recurring`, `timezone`, `reason`, `by`, `name`; `force` also for rules that do not exist. With `plan=true` nothing is made, and `reason` and the end may be left out.',
    answers: {
      200: 'With `plan=true`: what it would have silenced in the last 24 h, `{"since","matched","notifications","alerts","examples":[...]}`',
      201: 'On disk: the silence, and `would_silence`: how many firing alerts and events of the last 24 h it matches',
      400: 'Each problem with its JSON Pointer',
      409: 'Too many silences',
    },
    handle: (context, deps) =>
      context.query.plan === 'true' ? planSilence(context, deps) : postSilence(context, deps),
  }),
  {
    method: 'DELETE',
    path: '/v1/silences/:id',
    scope: 'ack',
    audit: 'silence.expire',
    summary: 'End a silence now.',
    answers: { 204: 'Ended', 404: 'No such silence', 409: 'It is defined in a file' },
    async handle({ response, params, audit }, { daemon }) {
      const ended = await daemon.alertActions.expireSilence(params.id ?? '');
      if (ended.kind === 'none') throw new HttpProblem(404, 'silence.none', 'there is no silence with this id');
      if (ended.kind === 'file')
        throw new HttpProblem(409, 'silence.file', `this silence is defined in ${ended.file}; remove it there`);
      await audit.done({ target: params.id });
      response.writeHead(204).end();
    },
  },
];

type Context = RequestContext<typeof POST_QUERY>;

async function planSilence({ request, response, audit }: Context, { daemon, scrubber }: RouteDeps): Promise<void> {
  audit.nothing();
  const { force, rest } = withoutForce(await readJson(request, daemon.limits().body));
  const planned = await daemon.alertActions.planSilence(rest, force === true);
  if (planned.kind === 'invalid') throw invalid(planned.problems);
  sendJson(response, 200, scrubber.scrubJson(planned.plan));
}

async function postSilence(context: Context, { daemon, scrubber }: RouteDeps): Promise<void> {
  const { request, response, caller, audit } = context;
  requireScope(caller, 'ack');
  const { force, rest } = withoutForce(await readJson(request, daemon.limits().body));
  const made = await daemon.alertActions.silence(signed(rest, caller), force === true);
  if (made.kind === 'too_many')
    throw new HttpProblem(409, 'silence.too_many', `there are ${made.most} silences already; expire some first`);
  if (made.kind === 'invalid') throw invalid(made.problems);
  const { id, reason, name, until } = made.silence;
  const claimed = isObject(rest) && typeof rest.by === 'string' ? rest.by : undefined;
  await audit.done({ target: id, by: claimed, details: { name, reason, until, match: written(rest) } });
  sendJson(response, 201, scrubber.scrubJson(made.silence));
}

const written = (posted: unknown): unknown => (isObject(posted) ? (posted.match ?? posted.if) : undefined);

function invalid(problems: readonly SilenceProblem[]): HttpProblem {
  const [first] = problems;
  const detail = first === undefined ? 'this is not a silence' : `${first.message}: ${first.mend}`;
  return new HttpProblem(400, 'silence.invalid', detail, { more: { pointer: first?.pointer ?? '', problems } });
}

/** Takes `force` out of a posted silence: it is an option of the request, not a part of the silence. */
function withoutForce(posted: unknown): { readonly force: unknown; readonly rest: unknown } {
  if (!isObject(posted)) return { force: undefined, rest: posted };
  const { force, ...rest } = posted;
  if (force === undefined || typeof force === 'boolean') return { force, rest };
  throw new HttpProblem(400, 'silence.invalid', '`force` is `true` or `false`', { more: { pointer: '/force' } });
}

/** Posted silence with the name of the caller. A `by` that is no text is left for the validation to report. */
function signed(posted: unknown, caller: Context['caller']): unknown {
  if (!isObject(posted) || (posted.by !== undefined && typeof posted.by !== 'string')) return posted;
  const by = callerName(caller, posted.by);
  return by === undefined ? posted : { ...posted, by };
}
