import { MAX_HOLD_MS } from '../../../core/delivery/hold.ts';
import { mendByName } from '../../../core/problems/suggest.ts';
import { duration, PERSON, REASON } from '../../../core/values/value-kind.ts';
import type { ChannelTestRequest, DaemonApi } from '../../daemon-api.ts';
import { HttpProblem } from '../../problem.ts';
import { callerName } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { readFields } from '../../request/fields.ts';
import { readNamedEvent, readObject, readText } from '../../request/given-event.ts';
import { type Route, sendJson } from '../route.ts';

const RELEASE_FIELDS = { by: { kind: PERSON, about: 'name of the person' } };

/** Fields of the body of a hold. */
const HOLD_FIELDS = {
  for: { kind: duration({ min: 1, max: MAX_HOLD_MS }), about: 'time after which it ends by itself' },
  reason: { kind: REASON, about: 'reason' },
  ...RELEASE_FIELDS,
};

export const channelRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/channels',
    scope: 'read',
    summary: 'Every channel with its state.',
    answers: { 200: '`{"channels":[...]}`' },
    handle: async ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ channels: await daemon.channels() })),
  },
  {
    method: 'POST',
    path: '/v1/channels/:name/test',
    scope: 'admin',
    audit: 'channel.test',
    body: ['application/json'],
    summary:
      'Send a real test message; with `{"rule"}` and `{"event"}`, or `{"id"}` of a past event, the message that the rule makes of it.',
    answers: {
      200: 'The receipt, or the error with its class',
      400: 'A wrong field',
      404: 'No such channel, rule or event; or the rule sends nothing to the channel for this event',
    },
    async handle({ request, response, params, disconnect, audit }, { daemon, scrubber }) {
      const name = params.name ?? '';
      const wanted = testRequest(await readJson(request, daemon.limits().body));
      const result = await daemon.testChannel(name, disconnect.signal, wanted);
      if (result === undefined) throw await noChannel(name, daemon);
      const { ok, error, rule, event } = result;
      await audit.done({ target: name, details: { ok, code: error?.code, rule, event } });
      sendJson(response, 200, scrubber.scrubJson(result));
    },
  },
  {
    method: 'POST',
    path: '/v1/channels/:name/hold',
    scope: 'admin',
    audit: 'channel.hold',
    body: ['application/json'],
    summary:
      'Hold a channel: its deliveries wait until it is released or `{"for"}` has passed; `{"reason"}`, and `{"by"}` names the person.',
    answers: {
      200: '`{"channel","held","since","until","by","reason"}`',
      400: 'A wrong field',
      404: 'No such channel',
    },
    async handle({ request, response, params, caller, audit }, { daemon, scrubber }) {
      const name = params.name ?? '';
      const body = await readJson(request, daemon.limits().body);
      const { for: ms, reason, by } = readFields(body, HOLD_FIELDS, 'hold.body');
      const who = callerName(caller, by);
      const held = await daemon.hold(name, {
        ...(ms !== undefined && { ms }),
        ...(reason !== undefined && { reason }),
        ...(who !== undefined && { by: who }),
      });
      if (held === undefined) throw await noChannel(name, daemon);
      const { at: since, ...rest } = held;
      await audit.done({ target: name, by, details: { until: rest.until, reason } });
      sendJson(response, 200, scrubber.scrubJson({ channel: name, held: true, since, ...rest }));
    },
  },
  {
    method: 'POST',
    path: '/v1/channels/:name/release',
    scope: 'admin',
    audit: 'channel.release',
    body: ['application/json'],
    summary: 'Release a held channel; `{"by"}` names the person.',
    answers: { 200: '`{"channel","held"}`', 400: 'A wrong field', 404: 'No such channel' },
    async handle({ request, response, params, caller, audit }, { daemon }) {
      const name = params.name ?? '';
      const { by } = readFields(await readJson(request, daemon.limits().body), RELEASE_FIELDS, 'hold.body');
      if (!(await daemon.release(name, callerName(caller, by)))) throw await noChannel(name, daemon);
      await audit.done({ target: name, by });
      sendJson(response, 200, { channel: name, held: false });
    },
  },
];

const TEST_FIELDS: readonly string[] = ['rule', 'event', 'id'];
const TEST_CODE = 'test.request';

/** Undefined for a body without fields: the test message that says that the channel works. */
function testRequest(given: unknown): ChannelTestRequest | undefined {
  const body = readObject(given, TEST_FIELDS, TEST_CODE);
  if (Object.keys(body).length === 0) return undefined;
  return { rule: readText('rule', body.rule, TEST_CODE), ...readNamedEvent(body, TEST_CODE) };
}

/** Problem with the most similar name of a channel. */
export async function noChannel(name: string, daemon: DaemonApi): Promise<HttpProblem> {
  const names = (await daemon.channels()).filter(({ state }) => state !== 'removed').map((channel) => channel.name);
  const mend = mendByName(name, names, 'the rules have no channels', 'channels');
  return new HttpProblem(404, 'channel.none', `there is no channel of this name; ${mend}`);
}
