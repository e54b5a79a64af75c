import { ALERT_VERBS, type AlertChange, type AlertVerb, doneBy } from '../../../core/alerts/changes.ts';
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
    audit: `alert.${verb}`,
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
  { response, caller, audit }: RequestContext,
  { daemon, scrubber }: RouteDeps,
): Promise<void> {
  const by = callerName(caller, claimed);
  const { changed, mend } = await daemon.alertActions.change(verb, { ...given, ...(by !== undefined && { by }) });
  if (changed.length === 0) {
    const what = NONE[verb][given.rule === undefined ? 0 : 1];
    throw new HttpProblem(404, 'alert.none', mend === undefined ? what : `${what}; ${mend}`);
  }
  const { key, rule, note } = given;
  const rules = changed.map((alert) => alert.rule);
  await audit.done({ target: key, by: claimed, details: { rules, ...(rule !== undefined && { rule }), note } });
  sendJson(response, 200, scrubber.scrubJson({ [doneBy(verb)]: changed }));
}
