import { EXIT } from '../../../core/problems/failure.ts';
import type { AlertView } from '../../../http/daemon-api.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { Client } from '../../connection/client.ts';
import {
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  table,
  type Terminal,
  userOf,
} from '../../render/terminal.ts';

export interface AlertsOptions extends CommonOptions {
  readonly rule?: string;
}

export interface AckOptions extends CommonOptions {
  readonly rule?: string;
  readonly by?: string;
}

/** `belfry alerts`: what fires, the oldest first. */
export async function alertsCommand(terminal: Terminal, client: Client, options: AlertsOptions): Promise<number> {
  const query = options.rule === undefined ? '' : `?rule=${encodeURIComponent(options.rule)}`;
  const { alerts } = await client.call<{ alerts: readonly AlertView[] }>('GET', `/v1/alerts${query}`);
  if (options.json) for (const alert of alerts) jsonLine(terminal, alert);
  else line(terminal, alerts.length === 0 ? 'nothing fires' : alertTable(alerts, terminal, Date.now()));
  return EXIT.ok;
}

function alertTable(alerts: readonly AlertView[], terminal: Terminal, now: number): string {
  const paint = painter(terminal);
  const rows = alerts.map((alert) => {
    const { rule, key, state, since, count, told, next_at: next = '', acknowledged_by: by } = alert;
    const how = state === 'firing' ? paint('red', state) : `${state}${by === undefined ? '' : ` by ${harmless(by)}`}`;
    return [
      rule,
      harmless(key),
      how,
      `${since} (${ago(since, now)})`,
      String(count),
      told.join(', ') || 'nobody',
      next,
    ];
  });
  return table([['RULE', 'KEY', 'STATE', 'SINCE', 'COUNT', 'TOLD', 'NEXT'], ...rows]);
}

function ago(since: string, now: number): string {
  return formatDuration(Math.max(1000, Math.floor((now - Date.parse(since)) / 1000) * 1000));
}

/** `belfry ack KEY`: it is neither repeated nor escalated any more. Exit 3 when nothing fires for the key. */
export async function ackCommand(
  terminal: Terminal,
  client: Client,
  key: string,
  { json, rule, by = userOf(terminal) }: AckOptions,
): Promise<number> {
  const { acknowledged } = await client.call<{ acknowledged: readonly { rule: string; key: string }[] }>(
    'POST',
    '/v1/alerts/ack',
    { key, ...(rule !== undefined && { rule }), ...(by !== undefined && { by }) },
  );
  for (const one of acknowledged) {
    if (json) jsonLine(terminal, one);
    else line(terminal, `${one.rule}  ${harmless(one.key)}  acknowledged`);
  }
  return EXIT.ok;
}
