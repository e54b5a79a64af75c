import { type BacktestRequest, RulesRefused } from '../../../core/explain/unsaved.ts';
import { TIME_OR_AGO, type TimeOrAgo } from '../../../core/values/value-kind.ts';
import { readJson } from '../../request/body.ts';
import { readObject, readText } from '../../request/given-event.ts';
import { readUnsaved, UNSAVED_FIELDS } from '../../request/unsaved.ts';
import { HttpProblem } from '../../problem.ts';
import { type Route, sendLines } from '../route.ts';

const CODE = 'backtest.request';
const FIELDS: readonly string[] = [...UNSAVED_FIELDS, 'since', 'until', 'rule'];
const DEFAULT_SINCE: TimeOrAgo = { ago: 24 * 3_600_000 };

export const backtestRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/backtest',
    scope: 'read',
    audit: { none: 'it changes nothing' },
    body: ['application/json'],
    summary:
      'Run `rules` (a text; by default the rules on disk) over the stored events from `since` to `until`, for one `rule` or all: what they would have sent, beside what was sent. Nothing is sent. It ends with the connection.',
    answers: {
      200: 'NDJSON: `{"progress","events","at"}`, at last `{"rules":[{"rule","was","would","examples"}]}`',
      400: 'Rules that do not load, with `problems`; a wrong time or field',
      404: 'No such rule',
      409: 'Another backtest is running',
    },
    async handle({ request, response, disconnect }, { daemon, scrubber }) {
      const { signal } = disconnect;
      const wanted = backtestRequest(await readJson(request, daemon.limits().body));
      try {
        await sendLines(response, daemon.unsaved.backtest(wanted, signal), signal, scrubber);
      } catch (error) {
        if (!(error instanceof RulesRefused)) throw error;
        const { code, message, problems } = error;
        throw new HttpProblem(400, code, message, { more: { problems: scrubber.scrubJson(problems) } });
      }
    },
  },
];

function backtestRequest(given: unknown): BacktestRequest {
  const body = readObject(given, FIELDS, CODE);
  const { since, until, rule } = body;
  const rules = readUnsaved(body, CODE);
  return {
    ...(rules !== undefined && { rules }),
    since: since === undefined ? DEFAULT_SINCE : readTime('since', since),
    ...(until !== undefined && { until: readTime('until', until) }),
    ...(rule !== undefined && { rule: readText('rule', rule, CODE) }),
  };
}

function readTime(name: string, value: unknown): TimeOrAgo {
  const time = typeof value === 'string' ? TIME_OR_AGO.read(value) : undefined;
  if (time !== undefined) return time;
  const detail = `\`${name}\` has a value that is not allowed: give ${TIME_OR_AGO.allowed}`;
  throw new HttpProblem(400, CODE, detail, { more: { pointer: `/${name}` } });
}
