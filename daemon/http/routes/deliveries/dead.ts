import type { EditProblem } from '../../../core/delivery/dead-edit.ts';
import type { DeadLetter } from '../../../core/delivery/delivery.ts';
import type { ResendLine, ResendRequest } from '../../../core/delivery/resend.ts';
import { DEAD_FILTERS, DEAD_PAGE_QUERY } from '../../../core/values/dead-filters.ts';
import { isObject } from '../../../core/values/json.ts';
import { NAME, PERSON, type ValueKind } from '../../../core/values/value-kind.ts';
import { callerName } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { readObject } from '../../request/given-event.ts';
import { HttpProblem } from '../../problem.ts';
import { type AuditNote, recordedLines } from '../audited-call.ts';
import { type Route, routeWithQuery, sendJson, sendLines } from '../route.ts';

interface Field {
  readonly fits: (value: unknown) => boolean;
  readonly allowed: string;
}

const BOOLEAN: Field = { fits: (value) => typeof value === 'boolean', allowed: '`true` or `false`' };

/** Criteria of a resend with their allowed values. */
const RESEND_FIELDS: Readonly<Record<keyof ResendRequest | 'by', Field>> = {
  ids: {
    fits: (value) => Array.isArray(value) && value.every((id) => typeof id === 'string'),
    allowed: 'an array of ids',
  },
  channel: textOf(DEAD_FILTERS.channel.kind),
  rule: textOf(DEAD_FILTERS.rule.kind),
  class: textOf(DEAD_FILTERS.class.kind),
  code: textOf(DEAD_FILTERS.code.kind),
  since: textOf(DEAD_FILTERS.since.kind),
  until: textOf(DEAD_FILTERS.until.kind),
  text: textOf(DEAD_FILTERS.text.kind),
  to: textOf(NAME),
  all: BOOLEAN,
  requeue: BOOLEAN,
  dryRun: BOOLEAN,
  by: textOf(PERSON),
};

const EDIT_FIELDS = ['message', 'channel'];

export const deadRoutes: readonly Route[] = [
  routeWithQuery({
    method: 'GET',
    path: '/v1/dead',
    scope: 'read',
    query: DEAD_PAGE_QUERY,
    summary: 'The dead letters, one a line: all that match, oldest first, or a page of them.',
    answers: {
      200: 'NDJSON: records, and `{"line","problem"}` for lines that do not parse; of a page also `{"next","total","counts"}`',
      400: 'An unknown or wrong parameter',
    },
    handle: ({ response, disconnect, query }, { daemon, scrubber }) =>
      sendLines(response, daemon.dead(query), disconnect.signal, scrubber),
  }),
  {
    method: 'POST',
    path: '/v1/dead/resend',
    scope: 'admin',
    audit: 'dead.resend',
    body: ['application/json'],
    summary: 'Send dead letters again, oldest first, by a job that goes on when the client disconnects.',
    answers: {
      200: 'NDJSON: the plan with the id of the job, a line for each delivery as it ends, the totals',
      400: 'Unknown criterion',
      409: 'Too many jobs are running',
    },
    async handle({ request, response, disconnect, caller, audit }, { daemon, scrubber }) {
      const { signal } = disconnect;
      const { by: claimed, ...resend } = resendRequest(await readJson(request, daemon.limits().body));
      const lines = daemon.resend(resend, { by: callerName(caller, claimed), signal });
      const recorded = recordedLines(lines, audit, (line) => resendNote(line, resend, claimed));
      await sendLines(response, recorded, signal, scrubber);
    },
  },
  {
    method: 'GET',
    path: '/v1/dead/:id',
    scope: 'read',
    summary: 'One dead letter. Its `ETag` changes with every change of it.',
    answers: { 200: 'The record', 404: 'No such dead letter' },
    async handle({ response, params }, { daemon, scrubber }) {
      const found = await daemon.deadLetter(params.id ?? '');
      if (found === undefined) throw noSuch();
      sendJson(response, 200, scrubber.scrubJson(found.record), { etag: found.etag });
    },
  },
  {
    method: 'PATCH',
    path: '/v1/dead/:id',
    scope: 'admin',
    audit: 'dead.edit',
    body: ['application/json', 'application/merge-patch+json'],
    headers: {
      'If-Match': 'The `ETag` that the record must still have; without it the edit applies to whatever is there',
    },
    summary: 'Edit the message or the channel of a dead letter, as by hand in the file.',
    answers: {
      200: 'The record, with its new `ETag`',
      400: 'An unknown field, or a value that cannot be sent; `problems` has each with its pointer',
      404: 'No such dead letter',
      409: 'A job is sending it',
      412: 'It has changed since; `current` is the record now, `etag` its `ETag`',
    },
    async handle({ request, response, params, caller, audit }, { daemon, scrubber }) {
      const edit = readObject(await readJson(request, daemon.limits().body), EDIT_FIELDS, 'dead.edit');
      const given = request.headers['if-match'];
      const ifMatch = given === '*' ? undefined : given;
      const edited = await daemon.editDeadLetter(params.id ?? '', edit, { ifMatch, by: callerName(caller, undefined) });
      if (edited.kind === 'none') throw noSuch();
      if (edited.kind === 'invalid') throw invalid(scrubber.scrubJson(edited.problems));
      if (edited.kind === 'changed') throw changed(scrubber.scrubJson(edited.record), edited.etag);
      await audit.done({ target: edited.record.id, details: { changed: Object.keys(edit) } });
      sendJson(response, 200, scrubber.scrubJson(edited.record), { etag: edited.etag });
    },
  },
  {
    method: 'DELETE',
    path: '/v1/dead/:id',
    scope: 'admin',
    audit: 'dead.drop',
    summary: 'Drop a dead letter for good.',
    answers: { 204: 'Dropped', 404: 'No such dead letter', 409: 'A job is sending it' },
    async handle({ response, params, audit }, { daemon }) {
      if (!(await daemon.drop(params.id ?? ''))) throw noSuch();
      await audit.done({ target: params.id });
      response.writeHead(204).end();
    },
  },
];

/** Note of a resend by its plan; undefined for one that only plans. */
function resendNote(line: ResendLine, request: ResendRequest, by: string | undefined): AuditNote | undefined {
  if (!('plan' in line) || request.dryRun === true) return undefined;
  const { total, channels } = line.plan;
  return { target: line.job, by, details: { request, total, channels } };
}

function noSuch(): HttpProblem {
  return new HttpProblem(404, 'dead.none', 'there is no dead letter with this id');
}

function invalid(problems: readonly EditProblem[]): HttpProblem {
  const [first] = problems;
  const { pointer, message, mend } = first ?? { pointer: '', message: 'it cannot be sent', mend: 'correct it' };
  return new HttpProblem(400, 'dead.edit', `${message}: ${mend}`, { more: { pointer, problems } });
}

function changed(current: DeadLetter, etag: string): HttpProblem {
  const detail = 'the dead letter has changed since; look at it again, and send the new `ETag`';
  return new HttpProblem(412, 'dead.changed', detail, { headers: { etag }, more: { etag, current } });
}

function resendRequest(body: unknown): ResendRequest & { readonly by?: string } {
  const refused = (detail: string): HttpProblem => new HttpProblem(400, 'resend.criteria', detail);
  if (!isObject(body)) throw refused('the body is a JSON object');
  for (const [name, value] of Object.entries(body)) {
    const field = Object.hasOwn(RESEND_FIELDS, name) ? RESEND_FIELDS[name as keyof typeof RESEND_FIELDS] : undefined;
    if (field === undefined)
      throw refused(
        `there is no criterion \`${name.slice(0, 40)}\`; there are ${Object.keys(RESEND_FIELDS).join(', ')}`,
      );
    if (!field.fits(value)) throw refused(`\`${name}\` has a value that is not allowed: give ${field.allowed}`);
  }
  return body;
}

function textOf({ read, allowed }: ValueKind<unknown>): Field {
  return { fits: (value) => typeof value === 'string' && read(value) !== undefined, allowed };
}
