import { API_SOURCE } from '../../../event/event.ts';
import { HOPS } from '../../../event/hops.ts';
import { targetsOf } from '../../../flow/deliveries.ts';
import { STEPS } from '../../../flow/steps/index.ts';
import type { Problem } from '../../../problems/failure.ts';
import type { ChannelConfig, CompiledRule, DaemonSettings, SourceConfig } from '../../../ruleset.ts';
import { DEFAULT_LISTEN } from '../../../schema/sections/daemon.ts';
import { isObject } from '../../../values/json.ts';
import type { Fragment } from '../../compile.ts';
import type { Registry, SourceInput } from '../../registry.ts';
import { warningAt } from '../once.ts';
import { type CausedEvent, emittedBy } from './emitted.ts';
import { ownPath } from './own-address.ts';
import { EPOCH } from './own-channel.ts';

/** Warns of rules that surely run for the events that their own messages cause, once for each rule. */
export function lintLoops(
  fragments: readonly Fragment[],
  { channels: types, sources: sourceTypes }: Pick<Registry, 'channels' | 'sources'>,
  around: readonly Fragment[],
): readonly Problem[] {
  const all = [...around, ...fragments];
  const daemon = all.find((fragment) => fragment.daemon !== undefined)?.daemon ?? { listen: DEFAULT_LISTEN };
  const sources = all.flatMap((fragment) => fragment.sources);
  const causes = causesOf(sources, sourceTypes, daemon);
  const caused = new Map(
    all.flatMap((fragment) => fragment.channels).map((channel) => [channel.name, causes(channel, types)] as const),
  );
  const rules = all.flatMap((fragment) => fragment.rules).filter(({ enabled }) => enabled);
  return fragments.flatMap((fragment) =>
    fragment.rules.flatMap((rule) => {
      const found = targetsOf(rule)
        .filter(({ when }) => when === undefined)
        .flatMap(({ channel }) => (caused.get(channel) ?? []).map((event) => ({ channel, event })))
        .find(({ event }) => surelyRuns(rule, event, rules));
      return found === undefined ? [] : warningAt(fragment, rule, warningOf(rule, found.channel, found.event.origin));
    }),
  );
}

/** Finds the events that the messages of a channel cause in this daemon. */
function causesOf(
  sources: readonly SourceConfig[],
  types: Registry['sources'],
  daemon: Pick<DaemonSettings, 'listen' | 'publicUrl'>,
): (channel: ChannelConfig, types: Registry['channels']) => readonly CausedEvent[] {
  const taken = (input: SourceInput): readonly CausedEvent[] =>
    sources.flatMap(({ name, type, settings }) => {
      const event = types.find((one) => one.type === type)?.takes?.(settings, input);
      return event === undefined ? [] : [{ ...event, origin: name }];
    });
  return ({ type, settings }, channels) => {
    const { url, file, run } = channels.find((one) => one.type === type)?.output?.(settings) ?? {};
    const path = url === undefined ? undefined : ownPath(url, daemon);
    const emitted = run === undefined ? undefined : emittedBy(run);
    return [
      ...(path === '/v1/events' ? [{ origin: API_SOURCE, data: {} }] : []),
      ...(path === undefined ? [] : taken({ path })),
      ...(file === undefined ? [] : taken({ file })),
      ...(emitted === undefined ? [] : [emitted]),
    ];
  };
}

/**
 * Whether a rule runs for an event of which only some fields are known, and sends a message each time. A condition, and a match of a
 * field that is not known, may be what ends the loop.
 */
function surelyRuns(rule: CompiledRule, event: CausedEvent, rules: readonly CompiledRule[]): boolean {
  const { enabled, on, catchAll, condition, match, matcher, steps } = rule;
  if (!enabled || on?.includes(event.origin) === false || condition !== undefined) return false;
  if (steps.some(({ index }) => STEPS[index]?.endsLoops === true)) return false;
  if (catchAll && rules.some((one) => !one.catchAll && one.on?.includes(event.origin) !== false)) return false;
  const known = [
    HOPS,
    ...(event.type === undefined ? [] : ['type']),
    ...Object.keys(event.data).map((name) => `data.${name}`),
  ];
  if (isObject(match) && Object.keys(match).some((field) => !known.includes(field))) return false;
  const { type = '', origin, data } = event;
  return matcher.holds({ id: '', source: origin, type, time: new Date(EPOCH).toISOString(), data, [HOPS]: 1 });
}

const warningOf = (
  { name }: CompiledRule,
  channel: string,
  origin: string,
): Pick<Problem, 'code' | 'message' | 'mend'> => ({
  code: 'rule.loop',
  message: `the rule \`${name}\` causes its own next event: what it sends to \`${channel}\` comes back as an event of \`${origin}\`, for which it runs again`,
  mend: `name its sources in \`on\`, without \`${origin}\`, or add \`${HOPS}: { exists: false }\` to its \`match\``,
});
