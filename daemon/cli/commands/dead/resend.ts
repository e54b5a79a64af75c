import { EXIT } from '../../../core/problems/failure.ts';
import { DEAD_FILTERS, type DeadFilter, isFiltered } from '../../../core/values/dead-filters.ts';
import { timeText, NAME, type TimeOrAgo } from '../../../core/values/value-kind.ts';
import type { ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../../../http/daemon-api.ts';
import { counted } from '../../../lib/counted.ts';
import type { DeadLetterAccess } from '../../connection/dead-letters.ts';
import { LONG_GRACE_MS, type Verb } from '../../context.ts';
import { TypedArgument, TypedOption } from '../../options.ts';
import { deadLetterProblems } from '../../render/dead-letter-problems.ts';
import { confirm, ProgressBar, requireConsent } from '../../render/progress.ts';
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
import { idsOf, selectOptions } from './select.ts';

interface ResendOptions extends CommonOptions, DeadFilter {
  readonly all?: boolean;
  readonly to?: string;
  readonly requeue?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export const declareResend: Verb = (dead, { terminal, access, run }) => {
  selectOptions(dead.command('resend'))
    .description('show the plan, then send dead letters again, oldest first')
    .addArgument(new TypedArgument('[id...]', NAME, 'ids of dead letters; - reads them from standard input'))
    .option('--all', 'send all dead letters')
    .addOption(new TypedOption('--to <channel>', NAME, 'send to another channel'))
    .option('--requeue', "decide the stored events again by today's rules")
    .option('--dry-run', 'only show the plan')
    .option('--yes', 'do not ask')
    .action((ids: string[], options: ResendOptions) =>
      run(async () => resend(terminal, await access.deadLetters(options), ids, options), LONG_GRACE_MS),
    );
};

async function resend(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  ids: readonly string[],
  options: ResendOptions,
): Promise<number> {
  const request = await requestOf(terminal, ids, options);
  const { plan } = await planOf(terminal, deadLetters, request);
  if (plan.total === 0)
    throw new CommandError(
      EXIT.nothing,
      plan.in_other_jobs === 0
        ? 'no dead letter matches'
        : `a job is already sending the dead letters that match (${plan.in_other_jobs}); see \`belfry jobs\``,
    );
  if (options.dryRun) {
    if (options.json) jsonLine(terminal, { plan });
    else line(terminal, planText(plan, options));
    return EXIT.ok;
  }
  if (!options.json) line(terminal, planText(plan, options));
  await requireConsent(terminal, options.yes, ids.includes('-'), options.requeue ? 'decide them again?' : 'send them?');
  const by = personOf(terminal, options);
  // Records that died after the plan are not part of it.
  const wanted = {
    ...request,
    ...(ids.length === 0 && { until: request.until ?? plan.until }),
    ...(by !== undefined && { by }),
  };
  return send(terminal, deadLetters, wanted, plan.total, options);
}

async function send(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  request: ResendRequest,
  total: number,
  options: ResendOptions,
): Promise<number> {
  const bar = new ProgressBar(terminal, total, options.json !== true);
  let job: string | undefined;
  let sum: ResendSum | undefined;
  try {
    for await (const item of deadLetters.resend(request, terminal.interrupted)) {
      if ('plan' in item) ({ job } = item);
      else if ('skipped' in item) bar.step(false, item.skipped);
      else if ('left' in item) sum = item;
      else show(terminal, bar, item, options);
    }
  } catch (error) {
    if (job === undefined || !terminal.interrupted.aborted) throw error;
  }
  bar.end();
  if (sum === undefined) return interrupted(terminal, deadLetters, job, options);
  if (options.json) jsonLine(terminal, sum);
  else line(terminal, `${sum.delivered} delivered, ${sum.failed} failed, ${sum.left} left in the file`);
  return sum.failed > 0 ? EXIT.failed : EXIT.ok;
}

function show(terminal: Terminal, bar: ProgressBar, item: ResendProgress, options: ResendOptions): void {
  const { id, channel, state, error, receipt } = item;
  const paint = painter(terminal);
  bar.step(state === 'dead');
  if (options.json) jsonLine(terminal, item);
  else if (state === 'dead')
    bar.note(`${id}  ${channel}  ${paint('red', 'dead')}  ${error?.code ?? ''}: ${harmless(error?.message ?? '')}`);
  else bar.note(`${id}  ${channel}  ${paint('green', state)}${receipt?.id ? `  ${harmless(receipt.id)}` : ''}`);
}

/** The end of a command without totals. The job of a running daemon goes on, unless the user lets it be cancelled or somebody else has cancelled it. */
async function interrupted(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  job: string | undefined,
  { yes }: ResendOptions,
): Promise<number> {
  const kept = 'delivered ones have left the file, the others are still in it';
  if (job === undefined) throw new CommandError(EXIT.failed, `interrupted; ${kept}`);
  if (!terminal.interrupted.aborted) throw new CommandError(EXIT.failed, `the job ${job} was cancelled; ${kept}`);
  const canAsk = !yes && terminal.stdin.isTTY === true;
  if (!canAsk || !(await confirm(terminal, `the daemon goes on with the job ${job}; cancel it?`)))
    throw new CommandError(
      EXIT.failed,
      `interrupted; the daemon goes on with the job ${job}: \`belfry jobs\` shows it, \`belfry jobs cancel ${job}\` ends it`,
    );
  const { delivered, failed } = await deadLetters.cancel(job);
  throw new CommandError(EXIT.failed, `the job ${job} is cancelled: ${delivered} delivered, ${failed} failed; ${kept}`);
}

/** Asks for the plan alone, so that nothing is sent before a person agrees. */
async function planOf(terminal: Terminal, deadLetters: DeadLetterAccess, request: ResendRequest): Promise<ResendPlan> {
  for await (const item of deadLetters.resend({ ...request, dryRun: true }, terminal.interrupted))
    if ('plan' in item) return item;
  throw new CommandError(EXIT.failed, 'the daemon gave no plan');
}

function planText(plan: ResendPlan['plan'], options: ResendOptions): string {
  const channels = Object.entries(plan.channels).map(([channel, count]) => [`  ${channel}`, String(count)]);
  const verb = options.requeue ? 'decide again' : options.to === undefined ? 'resend' : `resend to ${options.to}`;
  return [
    `${verb}: ${counted(plan.total, 'dead letter')}`,
    ...(plan.in_other_jobs > 0 ? [`  left out, a job is sending them: ${plan.in_other_jobs}`] : []),
    ...(channels.length > 0 ? [table(channels)] : []),
    ...plan.missing.map((id) => `  no such dead letter: ${harmless(id)}`),
    ...deadLetterProblems(plan.problems).map((text) => `  ${text}`),
  ].join('\n');
}

async function requestOf(terminal: Terminal, given: readonly string[], options: ResendOptions): Promise<ResendRequest> {
  const ids = await idsOf(terminal, given);
  const { all, to, requeue } = options;
  if (given.length === 0 && all !== true && !isFiltered(options)) {
    const filters = Object.keys(DEAD_FILTERS).map((name) => `--${name}`);
    throw new CommandError(
      EXIT.usage,
      `say which: ids, \`-\`, --all, ${filters.slice(0, -1).join(', ')} or ${filters.at(-1)}`,
    );
  }
  if (to !== undefined && requeue)
    throw new CommandError(EXIT.usage, '--to and --requeue exclude each other: --requeue asks the rules where to send');
  return {
    ...criteriaOf(options),
    ...(given.length > 0 && { ids }),
    ...(all && { all }),
    ...(to !== undefined && { to }),
    ...(requeue && { requeue }),
  };
}

/** The filters as texts. */
function criteriaOf(options: DeadFilter): ResendRequest {
  const given = Object.keys(DEAD_FILTERS).flatMap((name) => {
    const value: string | TimeOrAgo | undefined = options[name as keyof DeadFilter];
    return value === undefined ? [] : [[name, typeof value === 'string' ? value : timeText(value)]];
  });
  return Object.fromEntries(given) as ResendRequest;
}
