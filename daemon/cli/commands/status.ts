import { EXIT } from '../../core/problems/failure.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import type { ChannelView, StatusView } from '../../http/daemon-api.ts';
import type { Client } from '../connection/client.ts';
import {
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  type Paint,
  painter,
  table,
  type Terminal,
} from '../render/terminal.ts';

export async function statusCommand(terminal: Terminal, client: Client, options: CommonOptions): Promise<number> {
  const status = await client.call<StatusView>('GET', '/v1/status');
  if (options.json) jsonLine(terminal, status);
  else line(terminal, statusText(status, painter(terminal), Date.now()));
  return EXIT.ok;
}

function statusText(status: StatusView, paint: Paint, now: number): string {
  const { alerts, deliveries } = status;
  const since = formatDuration(Math.max(1000, Math.floor((now - Date.parse(status.started_at)) / 1000) * 1000));
  return [
    `belfry ${status.version}  pid ${status.pid}  up ${since}  generation ${status.generation}  ${status.ready ? paint('green', 'ready') : paint('red', 'not ready')}`,
    ...status.reasons.map((reason) => `  ${paint('yellow', '!')} ${harmless(reason)}`),
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
        stateText(source.state, source.reason ?? source.detail, paint),
      ]),
    ]),
    '',
    channelTable(status.channels, paint),
  ].join('\n');
}

function keptText(file: StatusView['files'][number]): string[] {
  return [
    `  ${file.path}: is not taken over; its last good version is in force`,
    ...file.problems.map((problem) => `    ${problem.file}:${problem.line}:${problem.column}: ${problem.message}`),
  ];
}

export function channelTable(channels: readonly ChannelView[], paint: Paint): string {
  const rows = channels.map(({ name, type, state, reason, pending, held }) => [
    name,
    type,
    String(pending),
    String(held),
    stateText(state, reason, paint),
  ]);
  return table([['CHANNEL', 'TYPE', 'PENDING', 'HELD', 'STATE'], ...rows]);
}

function stateText(state: string, reason: string | undefined, paint: Paint): string {
  return `${state === 'ok' || state === 'running' ? state : paint('red', state)}${reason === undefined ? '' : `  ${harmless(reason)}`}`;
}
