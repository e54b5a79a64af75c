import { EXIT } from '../../../core/problems/failure.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { StatusView } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { channelTable, stateText } from '../../render/channels.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, clock, access, run }) => {
  daemonOptions(program.command('status'))
    .description('show the daemon, its sources, channels, queue and dead letters')
    .action((options: CommonOptions) =>
      run(async () => showStatus(terminal, clock, await access.client(options), options)),
    );
};

async function showStatus(terminal: Terminal, clock: Clock, client: Client, options: CommonOptions): Promise<number> {
  const status = await client.call<StatusView>('GET', '/v1/status');
  if (options.json) jsonLine(terminal, status);
  else line(terminal, statusText(status, styleOf(terminal, options), clock.now()));
  return EXIT.ok;
}

function statusText(status: StatusView, style: Style, now: number): string {
  const { paint, times } = style;
  const { alerts, deliveries } = status;
  const since = formatDuration(Math.max(1000, Math.floor((now - Date.parse(status.started_at)) / 1000) * 1000));
  return [
    `belfry ${status.version}  pid ${status.pid}  up ${since}  generation ${status.generation}  ${status.ready ? paint('green', 'ready') : paint('red', 'not ready')}`,
    ...status.reasons.map((reason) => `  ${paint('yellow', '!')} ${times(harmless(reason))}`),
    ...status.files.filter(({ state }) => state === 'kept').flatMap(keptText),
    '',
    `alerts  ${alerts.firing} firing, ${alerts.acknowledged} of them acknowledged`,
    `deliveries  ${deliveries.pending} pending, ${deliveries.sending} sending, ${deliveries.held} held, ${deliveries.delivered} delivered, ${deliveries.dead} dead`,
    '',
    table([
      ['SOURCE', 'TYPE', 'STATE'],
      ...status.sources.map((source) => [
        source.name,
        source.type,
        stateText(source.state, source.reason ?? source.detail, style),
      ]),
    ]),
    '',
    channelTable(status.channels, style),
  ].join('\n');
}

function keptText(file: StatusView['files'][number]): string[] {
  return [
    `  ${file.path}: does not load; its last good version is in force`,
    ...file.problems.map((problem) => `    ${problem.file}:${problem.line}:${problem.column}: ${problem.message}`),
  ];
}
