import { type Event, OWN_SOURCE } from '../../../event/event.ts';
import { CHANNEL_FAULTS, ownEvents } from '../../../event/own-events.ts';
import { samplesOf } from '../../../event/own-samples.ts';
import { targetsOf } from '../../../flow/deliveries.ts';
import type { Problem } from '../../../problems/failure.ts';
import type { ChannelConfig, CompiledRule } from '../../../ruleset.ts';
import type { Fragment } from '../../compile.ts';
import { warningAt } from '../once.ts';

/** A channel whose faults are reported by that channel only, and a rule that does so. */
export interface ReportedAlone {
  readonly channel: string;
  readonly rule: string;
}

/** Time for conditions that read it. */
export const EPOCH = 0;

/** Finds channels whose faults are reported by nobody else, and that have no fallback to which the report goes instead. */
export function reportedAlone(
  rules: readonly CompiledRule[],
  channels: readonly Pick<ChannelConfig, 'name' | 'policy' | 'canary'>[],
): readonly ReportedAlone[] {
  const active = rules.filter(({ enabled, catchAll }) => enabled && !catchAll);
  const own = active.filter(({ on }) => on?.includes(OWN_SOURCE) === true);
  const others = active.filter(({ on }) => on === undefined);
  if (own.length === 0) return [];
  return channels
    .filter(({ policy }) => policy.fallback === undefined)
    .flatMap(({ name, canary }) => {
      const types = CHANNEL_FAULTS.filter((type) => canary !== undefined || type !== ownEvents.canaryMissed.event.type);
      const rule = types.flatMap((type) => aloneIn(samplesOf(type, name, EPOCH), name, own, others)).at(0);
      return rule === undefined ? [] : [{ channel: name, rule: rule.name }];
    });
}

/** First rule that reports these faults of a channel by the channel, if no rule notifies another one. */
function aloneIn(
  faults: readonly Event[],
  channel: string,
  own: readonly CompiledRule[],
  others: readonly CompiledRule[],
): readonly CompiledRule[] {
  const notifying = (rules: readonly CompiledRule[], wanted: (name: string) => boolean): CompiledRule | undefined =>
    rules.find((rule) => faults.some((event) => channelsFor(rule, event).some(wanted)));
  const alone = notifying(own, (name) => name === channel);
  const isElsewhere = (name: string): boolean => name !== channel;
  if (alone === undefined || notifying(own, isElsewhere) !== undefined) return [];
  return notifying(others, isElsewhere) === undefined ? [alone] : [];
}

/** Channels that a rule may notify of an event, at once or by an escalation. */
export function channelsFor(rule: CompiledRule, event: Event): readonly string[] {
  if (!rule.matcher.holds(event) || rule.condition?.test(event, EPOCH).holds === false) return [];
  return targetsOf(rule)
    .filter(({ when }) => when?.test(event, EPOCH).holds !== false)
    .map(({ channel }) => channel);
}

/** Warns of rules that report the fault of a channel through that channel only, once for each rule. */
export function lintOwnChannels(fragments: readonly Fragment[], around: readonly Fragment[]): readonly Problem[] {
  const all = [...around, ...fragments];
  const found = reportedAlone(
    all.flatMap(({ rules }) => rules),
    all.flatMap(({ channels }) => channels),
  );
  return fragments.flatMap((fragment) =>
    fragment.rules.flatMap((rule) => {
      const channels = new Set(found.filter((one) => one.rule === rule.name).map(({ channel }) => `\`${channel}\``));
      if (channels.size === 0) return [];
      return warningAt(fragment, rule, {
        code: 'rule.own_channel',
        message: `the rule \`${rule.name}\` reports the faults of ${[...channels].join(', ')} through the same channel only, so nobody sees them`,
        mend: 'name a second channel in `notify`, or give the channel a `delivery.fallback`, to which they go then',
      });
    }),
  );
}
