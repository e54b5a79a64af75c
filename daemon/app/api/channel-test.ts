import type { Delivery } from '../../core/delivery/delivery.ts';
import { completeEvent } from '../../core/event/event.ts';
import { ownEvents } from '../../core/event/own-events.ts';
import { testMessages } from '../../core/explain/test-message.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import { mendByName } from '../../core/problems/suggest.ts';
import type { ManualResult } from '../../delivery/manual/attempt.ts';
import type { ChannelTestRequest, ChannelTestView, DaemonApi } from '../../http/daemon-api.ts';
import { newId } from '../../lib/id.ts';
import type { DaemonApiDeps } from './deps.ts';

type TestDeps = Pick<DaemonApiDeps, 'lanes' | 'live' | 'store' | 'clock' | 'own'>;

/** Sends test messages through the lane of a channel, and says so in the history by an event of the daemon. */
export function channelTests(deps: TestDeps): DaemonApi['testChannel'] {
  return async (name, signal, request) => {
    const { lanes, live } = deps;
    if (!live.ruleset.channels.has(name)) return undefined;
    if (request === undefined) {
      const view = testView(name, await lanes.test(name, signal));
      if (view !== undefined) report(view, deps);
      return view;
    }
    const { deliveries, errors } = await messagesOf(name, request, deps);
    const view = await sendAll(name, deliveries, signal, deps);
    if (view === undefined) return undefined;
    const { rule } = request;
    const messages = deliveries.map(({ message }) => message);
    const shown = { ...view, rule, event: deliveries[0]!.event.id, messages, ...(errors.length > 0 && { errors }) };
    report(shown, deps);
    return shown;
  };
}

/** The messages of the rule for the event. No rule decides about the event, and no state changes. */
async function messagesOf(
  channel: string,
  { rule: ruleName, event: given, id }: ChannelTestRequest,
  { live, store, clock }: TestDeps,
): Promise<{ readonly deliveries: readonly Delivery[]; readonly errors: readonly string[] }> {
  const { ruleset } = live;
  const rule = ruleset.byName.get(ruleName);
  if (rule === undefined) {
    const mend = mendByName(ruleName, ruleset.byName.keys(), 'the rules have none', 'rules');
    throw new BelfryError('test.no_rule', `there is no rule of this name; ${mend}`);
  }
  const found = id === undefined ? given : (await store.event(id))?.event;
  if (found === undefined) throw new BelfryError('test.no_event', 'there is no event with this id');
  const now = clock.now();
  const ids = (): string => newId(clock.now());
  const made = testMessages(completeEvent(found, now, ids), rule, channel, { ruleset, now, newId: ids });
  if (made.kind === 'none') throw new BelfryError(made.code, made.reason);
  return made;
}

/** Sends one message after the other until one fails. The view has the last result, and the time of all. */
async function sendAll(
  name: string,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
  { lanes }: TestDeps,
): Promise<ChannelTestView | undefined> {
  let ms = 0;
  let view: ChannelTestView | undefined;
  for (const delivery of deliveries) {
    view = testView(name, await lanes.attemptManually(name, delivery, signal));
    if (view === undefined) return undefined;
    ms += view.ms;
    if (!view.ok) break;
  }
  return view && { ...view, ms };
}

function report({ channel, ok, rule, event, messages, error }: ChannelTestView, { own, live }: TestDeps): void {
  own.raise(
    ownEvents.channelTested({
      channel,
      channel_type: live.ruleset.channels.get(channel)?.type ?? '',
      ok,
      rule,
      event,
      title: messages?.[0]?.title,
      code: error?.code,
      message: error?.message,
    }),
  );
}

function testView(name: string, result: ManualResult | undefined): ChannelTestView | undefined {
  if (result === undefined) return undefined;
  if (result.kind === 'killed')
    return {
      channel: name,
      ok: false,
      error: { class: 'killed', code: 'stopping', message: 'the daemon was stopped' },
      ms: 0,
    };
  const { ms } = result.attempt;
  if (result.kind === 'delivered') return { channel: name, ok: true, receipt: result.receipt, ms };
  if (result.kind === 'awaiting')
    return {
      channel: name,
      ok: true,
      receipt: { answer: 'handed over; the receipt comes when a user acknowledges it' },
      ms,
    };
  return {
    channel: name,
    ok: false,
    error: {
      class: result.class,
      code: result.error.code,
      message: result.error.message,
      ...(result.misconfigured && { misconfigured: true as const }),
    },
    ms,
  };
}
