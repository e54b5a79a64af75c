import { EXIT } from '../../../core/problems/failure.ts';
import type { FeedItem } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import { SHORT_GRACE_MS, type Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { deliveryState, lastError } from '../../render/deliveries.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, access, run }) => {
  daemonOptions(program.command('tail'))
    .description('show events, decisions and deliveries as they happen')
    .action((options: CommonOptions) =>
      run(async () => follow(terminal, await access.client(options), options), SHORT_GRACE_MS),
    );
};

/** Prints events, the decisions on them and deliveries until interrupted. */
async function follow(terminal: Terminal, client: Client, options: CommonOptions): Promise<number> {
  const style = styleOf(terminal, options);
  try {
    for await (const item of client.follow<FeedItem>('/v1/feed', terminal.interrupted)) {
      if (!('kind' in item)) continue;
      if (options.json) jsonLine(terminal, item);
      else line(terminal, feedText(item, style));
    }
  } catch (error) {
    if (!terminal.interrupted.aborted) throw error;
  }
  return EXIT.ok;
}

function feedText(item: FeedItem, style: Style): string {
  const { paint, times } = style;
  const time = style.time(item.at);
  if (item.kind === 'event') {
    const { event, outcomes } = item;
    const decided = Object.entries(outcomes)
      .map(([rule, outcome]) => `${rule}: ${outcome}`)
      .join(', ');
    return `${time} ${paint('blue', 'event')}     ${harmless(`${event.source}  ${event.type}  ${event.subject ?? ''}`)}  ${decided === '' ? paint('grey', 'no rule matched') : decided}`;
  }
  if (item.kind === 'later') {
    const { rule, key = '', outcome, reason = '' } = item.result;
    return `${time} ${paint('blue', 'later')}     ${harmless(`${rule}  ${key}`)}  ${outcome}  ${times(harmless(reason))}`;
  }
  const { delivery } = item;
  const state = deliveryState(delivery.state, paint);
  return `${time} delivery  ${delivery.channel}  ${delivery.rule}  ${state}${lastError(delivery)}${delivery.next_at ? `  next at ${style.time(delivery.next_at)}` : ''}`;
}
