import { EXIT } from '../../../core/problems/failure.ts';
import { INSTANT, NAME } from '../../../core/values/value-kind.ts';
import type { ExplainRequest, ExplanationView } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { checkAndReport } from './check.ts';
import { namedEvent } from '../../named-event.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, offlineOption, TypedArgument, TypedOption } from '../../options.ts';
import { explanationText } from '../../render/explanation.ts';
import { styleOf } from '../../render/style.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

interface ExplainOptions extends CommonOptions {
  readonly rule?: string;
  /** Milliseconds since the epoch. */
  readonly at?: number;
}

/** Dependencies of `explain`; `config` is explained when there is no daemon. */
interface ExplainDeps {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Undefined without a daemon. */
  readonly client: Client | undefined;
  /** Error that names the places where a daemon was searched. */
  readonly missing: CommandError | undefined;
  readonly config: string;
}

export const verb: Verb = (program, { terminal, clock, access, config, run }) => {
  offlineOption(daemonOptions(program.command('explain')))
    .description('explain the outcome of every rule for an event; exit 3 when no rule matches')
    .addArgument(
      new TypedArgument('<event>', NAME, 'file with an event, - for standard input, or the id of a past event'),
    )
    .addOption(new TypedOption('--rule <rule>', NAME, 'explain only this rule'))
    .addOption(new TypedOption('--at <time>', INSTANT, 'assume that the event comes at this time'))
    .action((event: string, options: ExplainOptions) =>
      run(async () => {
        let missing: CommandError | undefined;
        const client = await access.runningClient(options, (error) => (missing = error));
        return explain({ terminal, clock, client, missing, config: config(options) }, event, options);
      }),
    );
};

/** `belfry explain EVENT`: the outcome of every rule for an event, and why. Exit 3 when none matches it. */
async function explain(deps: ExplainDeps, named: string, options: ExplainOptions): Promise<number> {
  const { terminal, config } = deps;
  const request = {
    ...(await namedEvent(terminal, named)),
    ...(options.rule !== undefined && { rule: options.rule }),
    ...(options.at !== undefined && { at: options.at }),
  };
  try {
    const explanation = await answer(deps, request);
    if (options.json) jsonLine(terminal, explanation);
    else line(terminal, explanationText(explanation, styleOf(terminal, options)));
    return explanation.rules.some(({ outcome }) => outcome !== 'no_match') ? EXIT.ok : EXIT.nothing;
  } catch (error) {
    const { InvalidRules } = await import('../../../app/state/invalid-rules.ts');
    if (!(error instanceof InvalidRules)) throw error;
    const { registry } = await import('../../registry.ts');
    terminal.stderr.write(`belfry: ${error.message}\n\n`);
    return checkAndReport({
      paths: [config],
      format: 'text',
      registry,
      terminal: { ...terminal, stdout: terminal.stderr },
    });
  }
}

const NEEDS_DAEMON =
  'the id of a past event is known to the daemon only; leave --offline out, or give a file with the event';

/** Explanation by the daemon, which has the states; without a daemon, by the rules alone. */
async function answer(
  { terminal, clock, client, missing, config }: ExplainDeps,
  request: ExplainRequest,
): Promise<ExplanationView> {
  const { at, event, ...rest } = request;
  if (client !== undefined)
    return client.call<ExplanationView>('POST', '/v1/explain', {
      ...rest,
      ...(event !== undefined && { event }),
      ...(at !== undefined && { at: new Date(at).toISOString() }),
    });
  if (event === undefined) throw missing ?? new CommandError(EXIT.usage, NEEDS_DAEMON);
  const { explainFromRules } = await import('../../../app/api/explain.ts');
  const explanation = await explainFromRules({ ...request, event }, { config, env: terminal.env, clock });
  if (request.rule !== undefined && explanation.rules.length === 0)
    throw new CommandError(EXIT.nothing, `there is no rule \`${request.rule}\` at ${config}`);
  const why = missing === undefined ? 'no daemon was asked' : 'the daemon is not running';
  terminal.stderr.write(
    `belfry: ${why}; the rules are explained without its state, as if nothing had happened before\n`,
  );
  return explanation;
}
