import type { Delivery } from '../delivery/delivery.ts';
import type { CompiledRule } from '../ruleset.ts';

/** A delivery to be stored. Its first attempt is made at `dueAt` (milliseconds since the epoch), or later. */
export interface NewDelivery {
  readonly delivery: Delivery;
  readonly dueAt: number;
}

/** Target that was notified of an alert, in the state of the alert. */
export interface NotifiedTarget {
  readonly channel: string;
  /** Rendered recipients of the target. */
  readonly to?: readonly string[];
  /** Id of the delivery. */
  readonly delivery: string;
  /** `notify.delay`. */
  readonly delay: number;
  /** Earliest time of the first attempt. */
  readonly dueAt: number;
}

/** Adds the targets of new deliveries. Of several with the same channel, recipients and delay, only the latest is kept. */
export function withNotified(before: readonly NotifiedTarget[], deliveries: readonly NewDelivery[]): NotifiedTarget[] {
  const added = deliveries.map(
    ({ delivery, dueAt }): NotifiedTarget => ({
      channel: delivery.channel,
      ...(delivery.message.to !== undefined && { to: delivery.message.to }),
      delivery: delivery.id,
      delay: dueAt - delivery.createdAt,
      dueAt,
    }),
  );
  const once = new Map([...before, ...added].map((one) => [JSON.stringify([one.channel, one.to, one.delay]), one]));
  return [...once.values()];
}

/** All targets of a rule: of `notify` and of `escalate`. */
export function targetsOf({ notify, alert }: CompiledRule): CompiledRule['notify'] {
  return [...notify, ...(alert?.escalate ?? []).flatMap((step) => step.notify)];
}

/**
 * The `delay` of an edited rule for a delivery that waits with the delay `before`. If several targets of the channel have other
 * delays, the old delay stays, because any of them may be the target of the delivery.
 */
function presentDelay(rule: CompiledRule, channel: string, before: number): number {
  const targets = targetsOf(rule).filter((target) => target.channel === channel);
  const delays = new Set(targets.map(({ delay }) => delay));
  if (delays.has(before) || delays.size === 0) return before;
  const possible = delays.size === 1 ? delays : new Set([...delays].filter((delay) => delay > 0));
  return possible.size === 1 ? [...possible][0]! : before;
}

/** Due time, by the present settings of the rule, of a delivery that waits for its delay; undefined when it has not changed. */
export function dueByRule(
  rule: CompiledRule,
  { channel, delay = 0 }: Pick<Delivery, 'channel' | 'delay'>,
  dueAt: number,
): number | undefined {
  const present = delay === 0 ? 0 : presentDelay(rule, channel, delay);
  return present === delay ? undefined : dueAt - delay + present;
}

/** Notified targets with due times by the present settings of the rule; the same list when none has changed. */
export function rescheduledTargets(
  rule: CompiledRule,
  targets: readonly NotifiedTarget[],
  now: number,
): readonly NotifiedTarget[] {
  const rescheduled = targets.map((one) => {
    const dueAt = one.dueAt > now ? dueByRule(rule, one, one.dueAt) : undefined;
    return dueAt === undefined ? one : { ...one, dueAt, delay: one.delay + dueAt - one.dueAt };
  });
  return rescheduled.some((one, index) => one !== targets[index]) ? rescheduled : targets;
}
