import { EVENT_FILTERS } from '../../../core/values/history-filters.ts';
import { PERSON } from '../../../core/values/value-kind.ts';
import type { RerunLine, RerunRequest } from '../../daemon-api.ts';
import { HttpProblem } from '../../problem.ts';
import { callerName } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { readFields } from '../../request/fields.ts';
import { readObject } from '../../request/given-event.ts';
import { type AuditNote, recordedLines } from '../audited-call.ts';
import { type Route, sendLines } from '../route.ts';

const CODE = 'rerun.request';
const { order: _order, limit: _limit, cursor: _cursor, ...FILTERS } = EVENT_FILTERS;

export const rerunRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/events/rerun',
    scope: 'admin',
    audit: 'event.rerun',
    body: ['application/json'],
    summary:
      'Decide past events anew by the rules of today, each as a new event: `{"ids"}`, or `{"filter"}` with filters of events; with `{"plan": true}` only the plan. Runs as a job that goes on when the client disconnects.',
    answers: {
      200: 'NDJSON: the plan with the id of the job, a line for each event, the totals',
      400: 'A wrong field, or too many events',
      404: 'No event to run again',
      409: 'Too many jobs are running',
    },
    async handle({ request, response, disconnect, caller, audit }, { daemon, scrubber }) {
      const { by, ...wanted } = rerunRequest(await readJson(request, daemon.limits().body));
      const { signal } = disconnect;
      const lines = daemon.rerun(wanted, { by: callerName(caller, by), signal });
      const noteOf = (line: RerunLine): AuditNote | undefined =>
        wanted.plan || !('job' in line) ? undefined : { target: line.job, by, details: { request: wanted.given } };
      await sendLines(response, recordedLines(lines, audit, noteOf), signal, scrubber);
    },
  },
];

function rerunRequest(given: unknown): RerunRequest & { readonly by?: string } {
  const body = readObject(given, ['ids', 'filter', 'plan', 'by'], CODE);
  const { ids, filter, plan = false } = body;
  if ((ids === undefined) === (filter === undefined)) throw wrong('', 'give either `ids` or `filter`');
  if (typeof plan !== 'boolean') throw wrong('/plan', '`plan` is `true` or `false`');
  const { by } = readFields({ ...(body.by !== undefined && { by: body.by }) }, BY, CODE);
  const common = { given: body, plan, ...(by !== undefined && { by }) };
  if (ids === undefined) return { ...common, filter: readFields(filter, FILTERS, CODE, '/filter') };
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => typeof id === 'string' && id !== ''))
    throw wrong('/ids', '`ids` is an array of ids of events');
  return { ...common, ids };
}

const BY = { by: { kind: PERSON, about: 'name of the person' } };

function wrong(pointer: string, detail: string): HttpProblem {
  return new HttpProblem(400, CODE, detail, { more: { pointer } });
}
