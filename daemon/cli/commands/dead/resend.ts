import { EXIT } from '../../../core/problems/failure.ts';
import { timeText, NAME } from '../../../core/values/value-kind.ts';
import type { ResendPlan, ResendRequest, ResendSum } from '../../../http/daemon-api.ts';
import type { DeadLetterAccess } from '../../connection/dead-letters.ts';
import { LONG_GRACE_MS, type Verb } from '../../context.ts';
import { TypedArgument, TypedOption } from '../../options.ts';
import { deadLetterProblems } from '../../render/dead-letter-problems.ts';
import { ProgressBar } from '../../render/progress.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  table,
  type Terminal,
} from '../../render/terminal.ts';
import { type DeadFilter, idsOf, requireConsent, selectOptions } from './select.ts';

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
  if (plan.total === 0) throw new CommandError(EXIT.nothing, 'no dead letter matches');
  if (options.dryRun) {
    if (options.json) jsonLine(terminal, { plan });
    else line(terminal, planText(plan, options));
    return EXIT.ok;
  }
  if (!options.json) line(terminal, planText(plan, options));
  await requireConsent(terminal, options.yes, ids.includes('-'), options.requeue ? 'decide them again?' : 'send them?');
  return send(terminal, deadLetters, request, plan.total, options);
}

async function send(
  terminal: Terminal,
  deadLetters: DeadLetterAccess,
  request: ResendRequest,
  total: number,
  options: ResendOptions,
): Promise<number> {
  const bar = new ProgressBar(terminal, total, options.json !== true);
  const paint = painter(terminal);
  let sum: ResendSum | undefined;
  for await (const item of deadLetters.resend(request, terminal.interrupted)) {
    if ('plan' in item) continue;
    if ('left' in item) {
      sum = item;
      continue;
    }
    bar.step(item.state === 'dead');
    if (options.json) jsonLine(terminal, item);
    else if (item.state === 'dead')
      bar.note(
        `${item.id}  ${item.channel}  ${paint('red', 'dead')}  ${item.error?.code ?? ''}: ${harmless(item.error?.message ?? '')}`,
      );
    else
      bar.note(
        `${item.id}  ${item.channel}  ${paint('green', item.state)}${item.receipt?.id ? `  ${harmless(item.receipt.id)}` : ''}`,
      );
  }
  bar.end();
  if (sum === undefined)
    throw new CommandError(EXIT.failed, 'interrupted; delivered ones have left the file, the others are still in it');
  if (options.json) jsonLine(terminal, sum);
  else line(terminal, `${sum.delivered} delivered, ${sum.failed} failed, ${sum.left} left in the file`);
  return sum.failed > 0 ? EXIT.failed : EXIT.ok;
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
    `${verb}: ${plan.total} dead letter${plan.total === 1 ? '' : 's'}`,
    ...(channels.length > 0 ? [table(channels)] : []),
    ...plan.missing.map((id) => `  no such dead letter: ${harmless(id)}`),
    ...deadLetterProblems(plan.problems).map((text) => `  ${text}`),
  ].join('\n');
}

async function requestOf(terminal: Terminal, given: readonly string[], options: ResendOptions): Promise<ResendRequest> {
  const ids = await idsOf(terminal, given);
  const { channel, rule, class: deadClass, since, all, to, requeue } = options;
  const criteria = {
    ...(channel && { channel }),
    ...(rule && { rule }),
    ...(deadClass && { class: deadClass }),
    ...(since && { since: timeText(since) }),
  };
  if (given.length === 0 && all !== true && Object.keys(criteria).length === 0) {
    throw new CommandError(EXIT.usage, 'say which: ids, `-`, --all, --channel, --rule, --class or --since');
  }
  if (to !== undefined && requeue)
    throw new CommandError(EXIT.usage, '--to and --requeue exclude each other: --requeue asks the rules where to send');
  return {
    ...criteria,
    ...(given.length > 0 && { ids }),
    ...(all && { all }),
    ...(to !== undefined && { to }),
    ...(requeue && { requeue }),
  };
}
