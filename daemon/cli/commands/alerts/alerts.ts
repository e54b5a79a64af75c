import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { AlertNotificationView, AlertView, NotifiedAlertView } from '../../../http/daemon-api.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { declareChange } from './change.ts';
import { daemonOptions, TypedOption } from '../../options.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, table, type Terminal } from '../../render/terminal.ts';

interface AlertsOptions extends CommonOptions {
  readonly rule?: string;
}

export const verb: Verb = (program, context) => {
  const alerts = program.command('alerts').description('list firing alerts, or end one');
  declareList(alerts, context);
  declareChange(alerts, context, 'resolve', 'end the alerts of a key by hand');
};

const declareList: Verb = (alerts, { terminal, clock, access, run }) => {
  daemonOptions(alerts.command('list', { isDefault: true }))
    .description('list firing alerts, the oldest first')
    .addOption(new TypedOption('--rule <rule>', NAME, 'only alerts of this rule'))
    .action((options: AlertsOptions) =>
      run(async () => showAlerts(terminal, await access.client(options), clock.now(), options)),
    );
};

async function showAlerts(terminal: Terminal, client: Client, now: number, options: AlertsOptions): Promise<number> {
  const query = options.rule === undefined ? '' : `?rule=${encodeURIComponent(options.rule)}`;
  const { alerts } = await client.call<{ alerts: readonly NotifiedAlertView[] }>('GET', `/v1/alerts${query}`);
  if (options.json) for (const alert of alerts) jsonLine(terminal, alert);
  else line(terminal, alerts.length === 0 ? 'nothing fires' : alertTable(alerts, styleOf(terminal, options), now));
  return alerts.length === 0 && options.rule !== undefined ? EXIT.nothing : EXIT.ok;
}

function alertTable(alerts: readonly NotifiedAlertView[], style: Style, now: number): string {
  const { paint, time } = style;
  const rows = alerts.map((alert) => {
    const { rule, key, state, since, count, next_at: next = '' } = alert;
    const how = state === 'firing' ? paint('red', state) : acknowledgedText(alert);
    return [
      rule,
      harmless(key),
      how,
      `${time(since)} (${ago(since, now)})`,
      String(count),
      time(next),
      notifiedText(alert, style),
    ];
  });
  return table([['RULE', 'KEY', 'STATE', 'SINCE', 'COUNT', 'NEXT', 'NOTIFIED'], ...rows]);
}

/** `ops delivered 2026-11-23 17:00:05; mail held, requested 2026-11-23 17:00:02`, by the latest message to each target. */
function notifiedText({ told: channels, notifications }: NotifiedAlertView, style: Style): string {
  const texts = notifications?.list.map((one) => notificationText(one, style)) ?? channels;
  return texts.join('; ') || 'nobody yet';
}

function notificationText(one: AlertNotificationView, { paint, time }: Style): string {
  const { channel, to, state, requested_at: requested, delivered_at: delivered, next_at: next, error, mend } = one;
  const target = harmless(to === undefined ? channel : `${channel} to ${to.join(' and ')}`);
  const shown = `${target} ${paint(state === 'delivered' ? 'green' : state === 'dead' ? 'red' : 'yellow', state)}`;
  if (delivered !== undefined) return `${shown} ${time(delivered)}`;
  const note = mend ?? error;
  return [
    `${shown}${note === undefined ? '' : ` (${harmless(note).slice(0, 80)})`}`,
    ...(requested === undefined ? [] : [`requested ${time(requested)}`]),
    ...(next === undefined ? [] : [`next at ${time(next)}`]),
  ].join(', ');
}

function acknowledgedText({ state, acknowledged_by: by, acknowledged_note: note }: AlertView): string {
  return harmless(`${state}${by === undefined ? '' : ` by ${by}`}${note === undefined ? '' : `: ${note}`}`);
}

function ago(since: string, now: number): string {
  return formatDuration(Math.max(1000, Math.floor((now - Date.parse(since)) / 1000) * 1000));
}
