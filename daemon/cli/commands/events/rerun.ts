import { EXIT } from '../../../core/problems/failure.ts';
import { EVENT_FILTERS } from '../../../core/values/history-filters.ts';
import type { ValuesOf } from '../../../core/values/parameter.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { PlannedRerun, RerunLine, RerunPlan, RerunProgress, RerunSum } from '../../../http/daemon-api.ts';
import { counted } from '../../../lib/counted.ts';
import type { Client } from '../../connection/client.ts';
import { LONG_GRACE_MS, type Verb } from '../../context.ts';
import { daemonOptions, filterOptions, TypedArgument } from '../../options.ts';
import { ProgressBar, requireConsent } from '../../render/progress.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  personOf,
  table,
  type Terminal,
} from '../../render/terminal.ts';
import { filterTexts } from './history.ts';

const { order: _order, limit: _limit, cursor: _cursor, ...FILTERS } = EVENT_FILTERS;

interface RerunOptions extends CommonOptions, ValuesOf<typeof FILTERS> {
  readonly all?: boolean;
  readonly plan?: boolean;
  readonly yes?: boolean;
}

export const declareRerun: Verb = (events, { terminal, access, run }) => {
  const command = daemonOptions(events.command('rerun'))
    .description("show the plan, then decide past events anew by today's rules")
    .addArgument(new TypedArgument('[id...]', NAME, 'ids of events'))
    .option('--all', 'all events of the history')
    .option('--plan', 'only show the plan')
    .option('--yes', 'do not ask');
  filterOptions(command, FILTERS).action((ids: string[], options: RerunOptions) =>
    run(async () => rerun(terminal, await access.client(options), ids, options), LONG_GRACE_MS),
  );
};

async function rerun(
  terminal: Terminal,
  client: Client,
  ids: readonly string[],
  options: RerunOptions,
): Promise<number> {
  const wanted = requestOf(ids, options);
  const { plan } = await planOf(terminal, client, wanted);
  if (options.plan && options.json) {
    jsonLine(terminal, { plan });
    return plan.events === 0 ? EXIT.nothing : EXIT.ok;
  }
  if (plan.events === 0) throw new CommandError(EXIT.nothing, nothingText(plan));
  if (!options.json) line(terminal, planText(plan));
  if (options.plan) return EXIT.ok;
  await requireConsent(terminal, options.yes, false, 'run them again?');
  const by = personOf(terminal, options);
  // Events that came after the plan are not part of it.
  const filter = wanted.filter && { until: plan.until, ...wanted.filter };
  const body = { ...wanted, ...(filter && { filter }), ...(by !== undefined && { by }) };
  return go(terminal, client, body, { plan, isJson: options.json === true });
}

async function go(
  terminal: Terminal,
  client: Client,
  body: object,
  { plan, isJson }: { readonly plan: RerunPlan; readonly isJson: boolean },
): Promise<number> {
  const bar = new ProgressBar(terminal, plan.events, !isJson);
  let job: string | undefined;
  let sum: RerunSum | undefined;
  try {
    for await (const item of linesOf(terminal, client, body)) {
      if ('plan' in item) ({ job } = item);
      else if ('skipped' in item) bar.step(false, item.skipped);
      else if ('id' in item) show(terminal, bar, item, isJson);
      else sum = item;
    }
  } catch (error) {
    if (job === undefined || !terminal.interrupted.aborted) throw error;
  }
  bar.end();
  if (sum === undefined) {
    const state = terminal.interrupted.aborted ? 'goes on' : 'was cancelled';
    throw new CommandError(EXIT.failed, `the job ${job} ${state}; \`belfry jobs\` shows it`);
  }
  if (isJson) jsonLine(terminal, sum);
  else line(terminal, `${sum.rerun} run again, ${sum.failed} failed`);
  return sum.failed > 0 ? EXIT.failed : EXIT.ok;
}

function show(terminal: Terminal, bar: ProgressBar, item: RerunProgress, isJson: boolean): void {
  const { id, event = '', state, outcomes = {}, error } = item;
  const paint = painter(terminal);
  bar.step(state === 'failed');
  if (isJson) jsonLine(terminal, item);
  else if (error !== undefined) bar.note(`${id}  ${paint('red', 'failed')}  ${error.code}: ${harmless(error.message)}`);
  else {
    const texts = Object.entries(outcomes).map(([rule, outcome]) => `${harmless(rule)} ${outcome}`);
    bar.note(`${id}  ${event}  ${texts.join(', ') || 'no_match'}`);
  }
}

const linesOf = (terminal: Terminal, client: Client, body: object): AsyncIterable<RerunLine> =>
  client.lines<RerunLine>('POST', '/v1/events/rerun', body, { signal: terminal.interrupted });

/** Asks for the plan alone, so that nothing is decided before a person agrees. */
async function planOf(terminal: Terminal, client: Client, body: object): Promise<PlannedRerun> {
  for await (const item of linesOf(terminal, client, { ...body, plan: true })) if ('plan' in item) return item;
  throw new CommandError(EXIT.failed, 'the daemon gave no plan');
}

interface WantedRerun {
  readonly ids?: readonly string[];
  readonly filter?: Readonly<Record<string, string>>;
}

function requestOf(ids: readonly string[], options: RerunOptions): WantedRerun {
  const filter = filterTexts(FILTERS, options);
  const isFiltered = Object.keys(filter).length > 0;
  if (ids.length > 0 && (isFiltered || options.all))
    throw new CommandError(EXIT.usage, 'give either ids, or filters, or --all');
  if (ids.length > 0) return { ids };
  if (!isFiltered && !options.all) {
    const names = Object.keys(FILTERS).map((name) => `--${name}`);
    throw new CommandError(EXIT.usage, `say which: ids, --all, ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`);
  }
  return { filter };
}

function nothingText({ in_other_jobs: others, reruns, missing }: RerunPlan): string {
  if (others > 0) return `a job is already running the events that match again (${others}); see \`belfry jobs\``;
  if (missing.length > 0) return `the history has no such event: ${missing.map(harmless).join(', ')}`;
  return reruns > 0 ? 'all events that match are reruns of earlier ones; name their ids' : 'no event matches';
}

function planText(plan: RerunPlan): string {
  const { events, in_other_jobs: others, reruns, missing, rules } = plan;
  const rows = rules.map(({ rule, was, would, sends }) => [
    `  ${harmless(rule)}`,
    countsText(was),
    countsText(would),
    String(sends),
  ]);
  return [
    `run again: ${counted(events, 'event')}`,
    ...(others > 0 ? [`  left out, a job is running them: ${others}`] : []),
    ...(reruns > 0 ? [`  left out, they are reruns of earlier ones: ${reruns}`] : []),
    ...missing.map((id) => `  no such event: ${harmless(id)}`),
    rows.length === 0
      ? '  no rule matches them, then or today'
      : table([['  RULE', 'THEN', 'TODAY', 'MESSAGES'], ...rows]),
  ].join('\n');
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const texts = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`);
  return texts.join(', ') || '-';
}
