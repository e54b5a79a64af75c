import type { OwedDelivery } from './decision.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { CompiledRule } from '../ruleset.ts';

/** One delivery that notified somebody of an alert. */
export interface NotifiedTarget {
  readonly channel: string;
  /** Recipients of its own, as rendered. */
  readonly to?: readonly string[];
  readonly delivery: string;
  /** `notify.delay`. */
  readonly delay: number;
  /** Before then it has not gone out. */
  readonly dueAt: number;
}

/** Notified targets as an alert keeps them: each channel, recipient and delay once, the latest. */
export function withNotified(before: readonly NotifiedTarget[], deliveries: readonly OwedDelivery[]): NotifiedTarget[] {
  const now = deliveries.map(
    ({ delivery, dueAt }): NotifiedTarget => ({
      channel: delivery.channel,
      ...(delivery.message.to !== undefined && { to: delivery.message.to }),
      delivery: delivery.id,
      delay: dueAt - delivery.createdAt,
      dueAt,
    }),
  );
  const once = new Map([...before, ...now].map((one) => [JSON.stringify([one.channel, one.to, one.delay]), one]));
  return [...once.values()];
}

/**
 * The `delay` that an edited rule has for a delivery that waits by the delay `before`. Where several targets of the channel have
 * other delays, it is not known which of them is meant, so the old one stays.
 */
function delayNow(rule: CompiledRule, channel: string, before: number): number {
  const targets = [...rule.notify, ...rule.escalate.flatMap(({ notify }) => notify)];
  const delays = new Set(targets.filter((target) => target.channel === channel).map(({ delay }) => delay));
  if (delays.has(before) || delays.size === 0) return before;
  const meant = delays.size === 1 ? delays : new Set([...delays].filter((delay) => delay > 0));
  return meant.size === 1 ? [...meant][0]! : before;
}

/** When a delivery that waits by `notify.delay` is due by the rule's present words; undefined when that has not changed. */
export function dueByRule(
  rule: CompiledRule,
  { channel, delay = 0 }: Pick<Delivery, 'channel' | 'delay'>,
  dueAt: number,
): number | undefined {
  const now = delay === 0 ? 0 : delayNow(rule, channel, delay);
  return now === delay ? undefined : dueAt - delay + now;
}

/** Notified targets with the times of the rule's present settings; the same list when none has changed. */
export function rescheduledTargets(
  rule: CompiledRule,
  targets: readonly NotifiedTarget[],
  now: number,
): readonly NotifiedTarget[] {
  const retimed = targets.map((one) => {
    const dueAt = one.dueAt > now ? dueByRule(rule, one, one.dueAt) : undefined;
    return dueAt === undefined ? one : { ...one, dueAt, delay: one.delay + dueAt - one.dueAt };
  });
  return retimed.some((one, index) => one !== targets[index]) ? retimed : targets;
}
