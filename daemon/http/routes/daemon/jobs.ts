import { PERSON } from '../../../core/values/value-kind.ts';
import type { JobVerb } from '../../daemon-api.ts';
import { HttpProblem } from '../../problem.ts';
import { callerName } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { readFields } from '../../request/fields.ts';
import { type Route, sendJson } from '../route.ts';

const EFFECTS: Readonly<Record<JobVerb, string>> = {
  pause: 'Begin nothing more of a job until it is resumed. What is in flight ends.',
  resume: 'Go on with a paused job.',
  cancel: 'End a job: what is in flight ends, and the rest stays as it is.',
};

export const jobRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/jobs',
    scope: 'read',
    summary: 'Jobs that run, and the last 50 that have ended since the start of the daemon.',
    answers: { 200: '`{"jobs":[...]}`, the newest first' },
    handle: ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ jobs: daemon.jobs.list() })),
  },
  {
    method: 'GET',
    path: '/v1/jobs/:id',
    scope: 'read',
    summary: 'One job with its progress.',
    answers: { 200: 'The job', 404: 'No such job' },
    handle: ({ response, params }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson(daemon.jobs.find(params.id ?? '') ?? noSuch())),
  },
  ...(['pause', 'resume', 'cancel'] as const).map(changeRoute),
];

function changeRoute(verb: JobVerb): Route {
  return {
    method: 'POST',
    path: `/v1/jobs/:id/${verb}`,
    scope: 'admin',
    audit: `job.${verb}`,
    body: ['application/json'],
    summary: EFFECTS[verb],
    answers: { 200: 'The job', 404: 'No such job', 409: 'It has ended' },
    async handle({ request, response, params, caller, audit }, { daemon, scrubber }) {
      const body = await readJson(request, daemon.limits().body);
      const { by } = readFields(body, { by: { kind: PERSON, about: 'the person who does it' } }, 'job.change');
      const job = daemon.jobs.change(params.id ?? '', verb, callerName(caller, by));
      const { id, kind } = job ?? noSuch();
      await audit.done({ target: id, by, details: { kind } });
      sendJson(response, 200, scrubber.scrubJson(job));
    },
  };
}

function noSuch(): never {
  throw new HttpProblem(404, 'job.none', 'there is no job with this id; see `GET /v1/jobs`');
}
