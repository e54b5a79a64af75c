import { ALERT_VERBS, type AlertChange, type AlertVerb, doneBy } from '../../../core/alerts/changes.ts';
import { isObject } from '../../../core/values/json.ts';
import { NAME, PERSON, REASON, TEXT } from '../../../core/values/value-kind.ts';
import { HttpProblem } from '../../problem.ts';
import { callerName, type TokenScope } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { readFields } from '../../request/fields.ts';
import { type RequestContext, type Route, type RouteDeps, routeWithQuery, sendJson } from '../route.ts';

const READ: readonly TokenScope[] = ['read', 'ack'];

/** Fields of the body of a change. */
const CHANGE_FIELDS = {
  rule: { kind: TEXT, about: 'only the alert of this rule' },
  by: { kind: PERSON, about: 'name of the person' },
  note: { kind: REASON, about: 'note' },
};
const CHANGE_FIELDS_AND_KEY = { key: { kind: TEXT, about: 'key of the alerts' }, ...CHANGE_FIELDS };

const SUMMARIES: Readonly<Record<AlertVerb, string>> = {
  ack: 'Acknowledge the alerts of a key, which ends their repeats and escalations',
  unack: 'Take the acknowledgement of the alerts of a key back',
  resolve: 'End the firing alerts of a key by hand',
};

/** Both routes of a verb: the key is in the path or in the body. */
function changeRoutes(verb: AlertVerb): readonly Route[] {
  const common = {
    method: 'POST',
    scope: 'ack',
    body: ['application/json'],
    answers: { 200: `\`{"${doneBy(verb)}":[{"rule","key"}]}\``, 400: 'A wrong field', 404: 'There is no such alert' },
  } as const;
  return [
    {
      ...common,
      path: `/v1/alerts/:key/${verb}`,
      summary: `${SUMMARIES[verb]}, of every rule or of \`{"rule"}\`; \`{"by"}\` names the person, \`{"note"}\` says why.`,
      async handle(context, deps) {
        const body = await readJson(context.request, deps.daemon.limits().body);
        const given = readFields(body, CHANGE_FIELDS, 'ack.body');
        await change(verb, { ...given, key: context.params.key ?? '' }, context, deps);
      },
    },
    {
      ...common,
      path: `/v1/alerts/${verb}`,
      summary: 'The same with `{"key"}` in the body, for keys that a path cannot hold: `.`, `..` and the empty key.',
      async handle(context, deps) {
        const body = await readJson(context.request, deps.daemon.limits().body);
        const { key, ...given } = readFields(body, CHANGE_FIELDS_AND_KEY, 'ack.body');
        if (key === undefined)
          throw new HttpProblem(400, 'ack.body', '`key` is missing', { more: { pointer: '/key' } });
        await change(verb, { ...given, key }, context, deps);
      },
    },
  ];
}

export const alertRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/alerts',
    scope: READ,
    query: { rule: { kind: NAME, about: 'only those of this rule' } },
    summary: 'Firing alerts, the oldest first, with the progress of their notifications.',
    answers: { 200: '`{"alerts":[...]}`' },
    handle: async ({ response, query }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ alerts: await daemon.alerts(query.rule) })),
  }),
  ...ALERT_VERBS.flatMap(changeRoutes),
  {
    method: 'GET',
    path: '/v1/silences',
    scope: READ,
    summary: 'Silences of the files and those that people made; the latter also for 5 days after their end.',
    answers: { 200: '`{"silences":[...]}`' },
    handle: ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ silences: daemon.alertActions.silences() })),
  },
  {
    method: 'POST',
    path: '/v1/silences',
    scope: 'ack',
    body: ['application/json'],
    summary:
      'Make a silence: `match`, `if`, `from`, `until` or `for`, `recurring`, `timezone`, `reason`, `by`, `name`; `force` also for rules that do not exist.',
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
    scope: 'ack',
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

/** Reasons of a 404, without and with a rule. */
const NONE: Readonly<Record<AlertVerb, readonly [string, string]>> = {
  ack: ['nothing fires for this key', 'this rule has nothing firing for this key'],
  unack: ['nothing is acknowledged for this key', 'this rule has nothing acknowledged for this key'],
  resolve: ['nothing fires for this key', 'this rule has nothing firing for this key'],
};

async function change(
  verb: AlertVerb,
  { by: claimed, ...given }: AlertChange,
  { response, caller }: RequestContext,
  { daemon, scrubber }: RouteDeps,
): Promise<void> {
  const by = callerName(caller, claimed);
  const { changed, mend } = await daemon.alertActions.change(verb, { ...given, ...(by !== undefined && { by }) });
  if (changed.length === 0) {
    const what = NONE[verb][given.rule === undefined ? 0 : 1];
    throw new HttpProblem(404, 'alert.none', mend === undefined ? what : `${what}; ${mend}`);
  }
  sendJson(response, 200, scrubber.scrubJson({ [doneBy(verb)]: changed }));
}

async function postSilence(
  { request, response, caller }: RequestContext,
  { daemon, scrubber }: RouteDeps,
): Promise<void> {
  const posted = await readJson(request, daemon.limits().body);
  const { force, rest } = withoutForce(posted);
  const made = await daemon.alertActions.silence(signed(rest, caller), force === true);
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

/** Takes `force` out of a posted silence: it is an option of the request, not a part of the silence. */
function withoutForce(posted: unknown): { readonly force: unknown; readonly rest: unknown } {
  if (!isObject(posted)) return { force: undefined, rest: posted };
  const { force, ...rest } = posted;
  if (force === undefined || typeof force === 'boolean') return { force, rest };
  throw new HttpProblem(400, 'silence.invalid', '`force` is `true` or `false`', { more: { pointer: '/force' } });
}

/** Posted silence with the name of the caller. A `by` that is no text is left for the validation to report. */
function signed(posted: unknown, caller: RequestContext['caller']): unknown {
  if (!isObject(posted) || (posted.by !== undefined && typeof posted.by !== 'string')) return posted;
  const by = callerName(caller, posted.by);
  return by === undefined ? posted : { ...posted, by };
}
