import { EXIT } from '../../../core/problems/failure.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { StatusView, WaitingView } from '../../../http/daemon-api.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { channelTable, stateText } from '../../render/channels.ts';
import { waitingLines } from '../../render/outcomes.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, clock, access, run }) => {
  daemonOptions(program.command('status'))
    .description('show the daemon, its sources, channels and queue, active silences, and what waits in the rules')
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
    ...status.warnings.map((warning) => `  ${paint('yellow', '!')} ${harmless(warning)}`),
    ...status.files.filter(({ state }) => state === 'kept').flatMap(keptText),
    '',
    `alerts  ${alerts.firing} firing, ${alerts.acknowledged} of them acknowledged`,
    `silences  ${status.silences.active} active`,
    ...silenceLines(status.silences, style),
    `waiting  ${STEPS.map(([name, where]) => `${status.waiting[name]} ${where}`).join(', ')}`,
    ...waitingTexts(status.waiting, style),
    `deliveries  ${deliveries.pending} pending, ${deliveries.sending} sending, ${deliveries.held} held, ${deliveries.delivered} delivered, ${deliveries.dead} dead`,
    ...sourceLines(status.sources, style),
    ...instanceLines(status.instances, style),
    '',
    channelTable(status.channels, style),
  ].join('\n');
}

function sourceLines(sources: StatusView['sources'], style: Style): readonly string[] {
  if (sources.length === 0) return [];
  const rows = sources.map(({ name, type, state, reason, detail }) => [
    name,
    type,
    stateText(state, reason ?? detail, style),
  ]);
  return ['', table([['SOURCE', 'TYPE', 'STATE'], ...rows])];
}

function instanceLines(instances: StatusView['instances'], { time }: Style): readonly string[] {
  if (instances.length === 0) return [];
  const rows = instances.map(({ name, host, pid, version = '', generation = '', fingerprint = '', ...instance }) => [
    harmless(instance.self ? `${name} (this one)` : name),
    harmless(host),
    String(pid),
    harmless(version),
    String(generation),
    harmless(fingerprint),
    time(instance.lease_until),
  ]);
  return ['', table([['INSTANCE', 'HOST', 'PID', 'VERSION', 'GENERATION', 'RULES', 'LEASE UNTIL'], ...rows])];
}

function keptText(file: StatusView['files'][number]): string[] {
  return [
    `  ${file.path}: does not load`,
    ...file.problems.map((problem) => `    ${problem.file}:${problem.line}:${problem.column}: ${problem.message}`),
  ];
}

function silenceLines({ active, list }: StatusView['silences'], { time }: Style): string[] {
  const rows = list.map(({ id, name, reason, by = '', file = by, active_until: until }) => [
    `  ${id}`,
    until === undefined ? 'without an end' : `until ${time(until)}`,
    harmless(file),
    harmless(name === undefined ? reason : `${name}: ${reason}`),
  ]);
  return [...(rows.length === 0 ? [] : [table(rows)]), ...moreText(active - list.length, 'belfry silence list')];
}

/** Steps in which events wait, and the setting of a rule that keeps them there. */
const STEPS = [
  ['for', 'in `for`'],
  ['threshold', 'in `threshold`'],
  ['hours', 'for their hours'],
  ['digest', 'in `digest`'],
] as const;

function waitingTexts(waiting: WaitingView, style: Style): string[] {
  const count = STEPS.reduce((sum, [name]) => sum + waiting[name], 0);
  return [
    ...waitingLines(waiting.list, style),
    ...moreText(count - waiting.list.length, 'belfry events --outcome waiting'),
  ];
}

/** Note on what is not named. */
function moreText(count: number, where: string): string[] {
  return count > 0 ? [`  and ${count} more: \`${where}\``] : [];
}
