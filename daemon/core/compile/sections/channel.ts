import { compileCanary } from './canary.ts';
import { readEntry, runCheck, stableText } from '../entry.ts';
import type { DeliveryPolicy } from '../../delivery/delivery.ts';
import type { CompileContext, FileDefaults } from '../context.ts';
import { escapeFor } from '../../message/escape.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { ChannelConfig } from '../../ruleset.ts';
import { decode, NO_SINK } from '../../schema/decode.ts';
import { type DeliverySettings, deliverySchema } from '../../schema/sections/delivery.ts';
import { channelTypeNames, type ChannelTypeInfo, type CompileTools } from '../registry.ts';

/** Compiles one entry of `channels:`; undefined when it has a problem. */
export function compileChannel(
  name: string,
  given: unknown,
  defaults: FileDefaults,
  context: CompileContext,
  tools: CompileTools,
): ChannelConfig | undefined {
  const before = context.count;
  const pointer = joinPointer('/channels', name);
  const faults = tools.loader?.faults;
  const known = {
    types: tools.channels,
    names: () => channelTypeNames(tools),
    ...(faults !== undefined && { faults }),
  };
  const entry = readEntry('channel', name, given, known, context);
  const { delivery, canary: givenCanary, ...rest } = entry?.settings ?? {};
  const settings: unknown =
    entry && context.settings(entry.type.settings, rest, pointer, `a channel of type \`${entry.type.type}\``);
  const plugin = entry?.type.plugin;
  const basis = [context.basisOf(given, pointer), defaults.delivery, ...(plugin === undefined ? [] : [plugin.version])];
  context.declare('channel', name, pointer, 'key', tools.fingerprint(stableText(basis)));
  if (entry === undefined) return undefined;
  const { type } = entry;
  if (settings !== undefined) runCheck(type, settings, pointer, 'channel', context);
  const policy = compilePolicy(name, delivery, { ...type, limits: limitsOf(type, settings) }, defaults, context);
  const canary = givenCanary === undefined ? undefined : compileCanary(name, givenCanary, context);
  if (context.count > before || policy === undefined) return undefined;
  return {
    name,
    type: type.type,
    settings,
    policy,
    ...(canary !== undefined && { canary }),
    fingerprint: tools.fingerprint(
      stableText({
        type: type.type,
        settings: context.basisOf(rest, pointer),
        ...(plugin !== undefined && { plugin: plugin.version }),
      }),
    ),
    escape: type.escape ?? escapeFor,
    ...(plugin !== undefined && { pluginType: type }),
  };
}

/** Limits of the type, with the rate of all keys together. */
function limitsOf({ limits, keyCount }: ChannelTypeInfo, settings: unknown): ChannelTypeInfo['limits'] {
  if (limits.rate === undefined || keyCount === undefined || settings === undefined) return limits;
  return { ...limits, rate: limits.rate.replace(/^\d+/, (count) => `${Number(count) * keyCount(settings)}`) };
}

/** Merges the delivery settings: those of the channel replace the defaults of the file, which replace the limits of the type. */
function compilePolicy(
  name: string,
  given: unknown,
  type: ChannelTypeInfo,
  defaults: FileDefaults,
  context: CompileContext,
): DeliveryPolicy | undefined {
  const pointer = joinPointer('/channels', name, 'delivery');
  const own = context.coerced(deliverySchema, given ?? {}, pointer);
  if (isObject(own) && typeof own.fallback === 'string')
    context.refer('fallback', own.fallback, name, joinPointer(pointer, 'fallback'));
  if (context.settings(deliverySchema, own, pointer, '`delivery`') === undefined) return undefined;
  const merged = { ...type.limits, ...defaults.delivery, ...(own as Record<string, unknown>) };
  const delivery = decode(deliverySchema, merged, pointer, NO_SINK) as Required<DeliverySettings>;
  if (delivery.timeout <= 0) {
    const message = '`timeout` leaves no time for an attempt';
    context.found({
      pointer: joinPointer(pointer, 'timeout'),
      at: 'value',
      code: 'schema.range',
      message,
      mend: 'make it longer than 0s',
    });
  }
  // A fallback in `defaults` does not apply to the channel that it names.
  const fallback =
    delivery.fallback === name && (own as Record<string, unknown>).fallback === undefined
      ? undefined
      : delivery.fallback;
  return {
    timeout: delivery.timeout,
    retry: delivery.retry,
    giveUpAfter: delivery.give_up_after,
    concurrency: delivery.concurrency,
    order: delivery.order,
    onUnknown: delivery.on_unknown ?? (type.idempotent ? 'retry' : 'dead'),
    paused: delivery.paused,
    ...(delivery.rate !== undefined && { rate: delivery.rate }),
    ...(fallback !== undefined && { fallback }),
  };
}
