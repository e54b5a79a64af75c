import { isObject } from '../../../core/values/json.ts';
import type { UnsavedRules } from '../../../core/explain/unsaved.ts';
import { requireScope } from '../../request/auth.ts';
import { readJson } from '../../request/body.ts';
import { reloadDetails } from '../../../core/audit/details.ts';
import { readUnsaved } from '../../request/unsaved.ts';
import { HttpProblem } from '../../problem.ts';
import { type Route, sendJson } from '../route.ts';

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
    method: 'GET',
    path: '/v1/sources',
    scope: 'read',
    summary: 'Every source with its state, and its beats, due times, requests or files.',
    answers: { 200: '`{"sources":[...]}`' },
    handle: ({ response }, { daemon, scrubber }) =>
      sendJson(response, 200, scrubber.scrubJson({ sources: daemon.sources() })),
  },
  {
    method: 'POST',
    path: '/v1/reload',
    scope: 'admin',
    audit: 'rules.reload',
    summary: 'Reload the rules and report the result.',
    answers: { 200: 'The changes, or each problem with its file, line and column' },
    async handle({ response, audit }, { daemon, scrubber }) {
      const result = await daemon.reload();
      await audit.done({ target: String(result.generation), details: reloadDetails(result) });
      sendJson(response, 200, scrubber.scrubJson(result));
    },
  },
  {
    method: 'POST',
    path: '/v1/check',
    scope: 'read',
    audit: { none: 'it loads nothing' },
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
];

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
