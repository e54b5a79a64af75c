import { DEAD_CLASSES } from '../../../core/delivery/delivery.ts';
import { isObject } from '../../../core/values/json.ts';
import type { UnsavedRules } from '../../../core/explain/unsaved.ts';
import type { ResendRequest } from '../../../core/delivery/resend.ts';
import { NAME, oneOf, TIME_OR_AGO, type ValueKind } from '../../../core/values/value-kind.ts';
import { requireScope } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { readUnsaved } from '../../request/unsaved.ts';
import { HttpProblem } from '../../problem.ts';
import { type Route, sendJson, sendLines } from '../route.ts';

interface Field {
  readonly fits: (value: unknown) => boolean;
  readonly allowed: string;
}

const BOOLEAN: Field = { fits: (value) => typeof value === 'boolean', allowed: '`true` or `false`' };

/** Criteria of a resend with their allowed values. */
const RESEND_FIELDS: Readonly<Record<keyof ResendRequest, Field>> = {
  ids: {
    fits: (value) => Array.isArray(value) && value.every((id) => typeof id === 'string'),
    allowed: 'an array of ids',
  },
  channel: textOf(NAME),
  rule: textOf(NAME),
  class: textOf(oneOf(DEAD_CLASSES)),
  since: textOf(TIME_OR_AGO),
  to: textOf(NAME),
  all: BOOLEAN,
  requeue: BOOLEAN,
  dryRun: BOOLEAN,
};

export const controlRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/status',
    scope: 'read',
    summary: 'State of the daemon: generation, files, sources, channels, queue.',
    answers: { 200: 'The status' },
    handle: async ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson(await daemon.status())),
  },
  {
    method: 'POST',
    path: '/v1/reload',
    scope: 'admin',
    summary: 'Reload the rules and report the result.',
    answers: { 200: 'The changes, or each problem with its file, line and column' },
    handle: async ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson(await daemon.reload())),
  },
  {
    method: 'POST',
    path: '/v1/check',
    scope: 'read',
    body: ['application/json'],
    summary: 'Validate the rules on disk, those at `path`, or a text in `rules`, without loading them.',
    answers: {
      200: 'Every problem with its file, line and column; for `admin`, if `excerpts` is `true`, also its source line with secrets masked',
      403: '`path` needs the scope `admin`',
    },
    async handle({ request, response, caller, disconnect }, { daemon, scrubber }) {
      const { paths, excerpts, unsaved } = checkRequest(await readJson(request, daemon.limits().body));
      if (unsaved !== undefined)
        return sendJson(response, 200, scrubber.scrubJson(await daemon.unsaved.check(unsaved, disconnect.signal)));
      // Only `admin` may name a file, whose problems show parts of it, or see lines of one.
      if (paths !== undefined) requireScope(caller, 'admin');
      const { valid, files, rules, problems, excerpt } = await daemon.check(paths);
      const shown =
        excerpts && caller?.scopes.includes('admin')
          ? problems.map((problem) => ({ ...problem, excerpt: excerpt(problem) }))
          : problems;
      sendJson(response, 200, scrubber.scrubJson({ valid, files, rules, problems: shown }));
    },
  },
  {
    method: 'GET',
    path: '/v1/audit',
    scope: 'read',
    summary: 'Check that no stored event or delivery was lost: counts and every violation.',
    answers: { 200: 'Counts and violations' },
    handle: async ({ response }, { daemon }) => sendJson(response, 200, await daemon.audit()),
  },
  {
    method: 'GET',
    path: '/v1/dead',
    scope: 'read',
    summary: 'The dead letters, one a line.',
    answers: { 200: 'NDJSON: records, and `{"line","problem"}` for lines that do not parse' },
    handle: ({ response, disconnect }, { daemon, scrubber }) =>
      sendLines(response, daemon.dead(), disconnect.signal, scrubber),
  },
  {
    method: 'POST',
    path: '/v1/dead/resend',
    scope: 'admin',
    body: ['application/json'],
    summary: 'Send dead letters again, oldest first.',
    answers: { 200: 'NDJSON: the plan, a line for each delivery as it ends, the totals', 400: 'Unknown criterion' },
    async handle({ request, response, disconnect }, { daemon, scrubber }) {
      const { signal } = disconnect;
      const resend = resendRequest(await readJson(request, daemon.limits().body));
      await sendLines(response, daemon.resend(resend, signal), signal, scrubber);
    },
  },
  {
    method: 'DELETE',
    path: '/v1/dead/:id',
    scope: 'admin',
    summary: 'Drop a dead letter for good.',
    answers: { 204: 'Dropped', 404: 'No such dead letter' },
    async handle({ response, params }, { daemon }) {
      if (!(await daemon.drop(params.id ?? '')))
        throw new HttpProblem(404, 'dead.none', 'there is no dead letter with this id');
      response.writeHead(204).end();
    },
  },
];

function resendRequest(body: unknown): ResendRequest {
  if (!isObject(body)) throw new HttpProblem(400, 'resend.criteria', 'the body is a JSON object');
  for (const [name, value] of Object.entries(body)) {
    const field = Object.hasOwn(RESEND_FIELDS, name) ? RESEND_FIELDS[name as keyof ResendRequest] : undefined;
    if (field === undefined)
      throw new HttpProblem(
        400,
        'resend.criteria',
        `there is no criterion \`${name.slice(0, 40)}\`; there are ${Object.keys(RESEND_FIELDS).join(', ')}`,
      );
    if (!field.fits(value))
      throw new HttpProblem(
        400,
        'resend.criteria',
        `\`${name}\` has a value that is not allowed: give ${field.allowed}`,
      );
  }
  return body;
}

interface CheckRequest {
  readonly paths?: readonly string[];
  readonly excerpts: boolean;
  readonly unsaved?: UnsavedRules;
}

function checkRequest(body: unknown): CheckRequest {
  if (isObject(body)) {
    const { path, excerpts = false, rules, base, ...others } = body;
    const paths = path === undefined ? undefined : [path].flat();
    const isValid = paths === undefined || (paths.length > 0 && paths.every(isText) && rules === undefined);
    if (isValid && typeof excerpts === 'boolean' && Object.keys(others).length === 0) {
      const unsaved = readUnsaved({ rules, base }, 'check.rules');
      return { excerpts, ...(paths !== undefined && { paths }), ...(unsaved !== undefined && { unsaved }) };
    }
  }
  throw new HttpProblem(
    400,
    'check.path',
    'the body is a JSON object with nothing but `path`, a text or an array of texts, or `rules`, the text of a rules file, with `base`, `true` or `false`; and `excerpts`, `true` or `false`',
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textOf({ read, allowed }: ValueKind<unknown>): Field {
  return { fits: (value) => isText(value) && read(value) !== undefined, allowed };
}
