import { INSTANT } from '../../../core/values/value-kind.ts';
import { readJson } from '../../request/body.ts';
import { readNamedEvent, readObject, readText } from '../../request/given-event.ts';
import type { ExplainRequest } from '../../daemon-api.ts';
import { readUnsaved, UNSAVED_FIELDS } from '../../request/unsaved.ts';
import { HttpProblem } from '../../problem.ts';
import { type Route, sendJson } from '../route.ts';

const CODE = 'explain.request';
const FIELDS: readonly string[] = ['event', 'id', 'rule', 'at', ...UNSAVED_FIELDS];
/** RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

export const explainRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/explain',
    scope: 'read',
    audit: { none: 'it changes nothing' },
    body: ['application/json'],
    summary:
      'Explain the outcome of every rule for an event: `{"event"}`, or `{"id"}` of a past one; for one `rule` only, as if it came `at` a time; by other `rules` than the live ones, a text. Nothing is sent.',
    answers: {
      200: 'Each rule with its conditions, its outcome and the messages that it would send; with `rules` also `valid` and `problems`',
      400: 'Not an event, or an unknown field',
      404: 'No such event or rule',
    },
    async handle({ request, response, disconnect }, { daemon, scrubber }) {
      const body = await readJson(request, daemon.limits().body);
      const wanted = explainRequest(body);
      const rules = readUnsaved(body as Readonly<Record<string, unknown>>, CODE);
      const explanation =
        rules === undefined
          ? await daemon.explain(wanted)
          : await daemon.unsaved.explain({ ...wanted, rules }, disconnect.signal);
      if (explanation === undefined) throw new HttpProblem(404, 'event.none', 'there is no event with this id');
      const isValid = !('valid' in explanation) || explanation.valid;
      if (isValid && wanted.rule !== undefined && explanation.rules.length === 0)
        throw new HttpProblem(404, 'rule.none', 'there is no rule of this name');
      sendJson(response, 200, scrubber.scrubJson(explanation));
    },
  },
];

function explainRequest(given: unknown): ExplainRequest {
  const body = readObject(given, FIELDS, CODE);
  const { rule, at } = body;
  return {
    ...readNamedEvent(body, CODE),
    ...(rule !== undefined && { rule: readText('rule', rule, CODE) }),
    ...(at !== undefined && { at: instantOf(at) }),
  };
}

function instantOf(value: unknown): number {
  const at = typeof value === 'string' && TIME.test(value) ? INSTANT.read(value) : undefined;
  if (at === undefined) throw wrong('`at` is not an RFC 3339 time; write it like 2026-11-23T09:00:00Z');
  return at;
}

function wrong(detail: string): HttpProblem {
  return new HttpProblem(400, CODE, detail);
}
