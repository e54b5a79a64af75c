import { EXIT } from '../../../core/problems/failure.ts';
import { FEED_FILTERS } from '../../../core/values/history-filters.ts';
import type { FeedItem } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import { SHORT_GRACE_MS, type Verb } from '../../context.ts';
import { daemonOptions, filterOptions } from '../../options.ts';
import { deliveryState, keptBackText, lastError } from '../../render/deliveries.ts';
import { outcomesText, outcomeText } from '../../render/outcomes.ts';
import { type Style, styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { type FeedFilter, feedTest } from './feed-filter.ts';

type TailOptions = CommonOptions & FeedFilter;

export const verb: Verb = (program, { terminal, access, run }) => {
  const command = daemonOptions(program.command('tail')).description(
    'show events, decisions, deliveries and changes of alerts and silences as they happen',
  );
  filterOptions(command, FEED_FILTERS).action((options: TailOptions) =>
    run(async () => follow(terminal, await access.client(options), options), SHORT_GRACE_MS),
  );
};

/** Prints events, the decisions on them and deliveries until interrupted, one a line. */
async function follow(terminal: Terminal, client: Client, options: TailOptions): Promise<number> {
  const style = styleOf(terminal, options);
  const isWanted = feedTest(options);
  try {
    for await (const item of client.follow<FeedItem>('/v1/feed', terminal.interrupted)) {
      if (!('kind' in item) || !isWanted(item)) continue;
      if (options.json) jsonLine(terminal, item);
      else line(terminal, `${style.time(item.at)} ${TEXTS[item.kind](item as never, style)}`);
    }
  } catch (error) {
    if (!terminal.interrupted.aborted) throw error;
  }
  return EXIT.ok;
}

type Item<Kind extends FeedItem['kind']> = Extract<FeedItem, { readonly kind: Kind }>;

/** Text of an item of each kind, with the id of its event or delivery first. */
const TEXTS: { readonly [Kind in FeedItem['kind']]: (item: Item<Kind>, style: Style) => string } = {
  event: ({ event, outcomes }, style) =>
    [
      style.paint('blue', 'event   '),
      harmless(event.id),
      harmless([event.source, event.type, event.subject ?? ''].join('  ').trimEnd()),
      outcomesText({ outcomes }, style),
    ].join('  '),
  later: ({ event, result: { rule, key = '', outcome, reason, until } }, { paint, time, times }) =>
    [
      paint('blue', 'later   '),
      harmless(event.id),
      harmless(`${rule}  ${key}`.trimEnd()),
      outcomeText(outcome, paint),
      ...(reason === undefined ? [] : [times(harmless(reason))]),
      ...(until === undefined ? [] : [`until ${time(until)}`]),
    ].join('  '),
  delivery: ({ delivery }, style) =>
    [
      'delivery',
      delivery.id,
      delivery.channel,
      delivery.rule,
      `${deliveryState(delivery.state, style.paint)}${lastError(delivery)}`,
      ...(delivery.next_at === undefined ? [] : [`next at ${style.time(delivery.next_at)}`]),
      ...keptBackText(delivery, style),
    ].join('  '),
  alert: ({ rule, key, state, by }, { paint }) =>
    [
      paint('blue', 'alert   '),
      harmless(`${rule}  ${key}`),
      `${state}${by === undefined ? '' : ` by ${harmless(by)}`}`,
    ].join('  '),
  silence: ({ silence, state }, { paint }) => [paint('blue', 'silence '), silence, state].join('  '),
};
