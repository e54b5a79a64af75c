import { isObject } from '../../../core/values/json.ts';
import { HttpProblem } from '../../problem.ts';
import { readJson } from '../../request/body.ts';
import { noChannel } from '../deliveries/channels.ts';
import { type Route, sendJson } from '../route.ts';

export const doctorRoutes: readonly Route[] = [
  {
    // Not GET: it opens connections, and writes a small file to measure the disk.
    method: 'POST',
    path: '/v1/doctor',
    scope: 'admin',
    audit: { none: 'it changes nothing' },
    summary: 'Examine the machine, the channels and the rules of the daemon. Opens connections, sends no message.',
    answers: { 200: '`{"ok","findings":[{"check","level","message","mend"}]}`' },
    handle: async ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson(await daemon.doctor.examine())),
  },
  {
    method: 'POST',
    path: '/v1/channels/:name/seen',
    scope: 'admin',
    audit: 'channel.seen',
    body: ['application/json'],
    summary: 'Store whether a person has seen the test message of a channel: `{"seen": true}`.',
    answers: { 200: 'Stored', 400: 'A wrong body', 404: 'No such channel' },
    async handle({ request, response, params, audit }, { daemon }) {
      const { name = '' } = params;
      const body = await readJson(request, daemon.limits().body);
      if (!isObject(body) || typeof body.seen !== 'boolean' || Object.keys(body).length > 1)
        throw new HttpProblem(400, 'channel.seen', 'the body is a JSON object with nothing but `seen`, true or false');
      if (!(await daemon.doctor.markSeen(name, body.seen))) throw await noChannel(name, daemon);
      await audit.done({ target: name, details: { seen: body.seen } });
      sendJson(response, 200, { channel: name, seen: body.seen });
    },
  },
];
