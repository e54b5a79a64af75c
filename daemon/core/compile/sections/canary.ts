import { formatDuration } from '../../../lib/time/duration.ts';
import type { CanarySettings } from '../../delivery/delivery.ts';
import { channelFieldsSchema } from '../../schema/sections/canary.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import type { CompileContext } from '../context.ts';

const MIN_EVERY_MS = 60_000;
const DEFAULT_WITHIN_MS = 15 * 60_000;

/** Compiles `canary:` of a channel; undefined when there is none, or when it has a problem. */
export function compileCanary(name: string, given: unknown, context: CompileContext): CanarySettings | undefined {
  const channel = joinPointer('/channels', name);
  const pointer = joinPointer(channel, 'canary');
  const fields = context.settings(channelFieldsSchema, { canary: given }, channel, `the channel \`${name}\``);
  const { canary } = fields ?? {};
  if (canary === undefined) return undefined;
  const { every, within, notify, to } =
    typeof canary === 'number' ? { every: canary, within: undefined, notify: undefined, to: undefined } : canary;
  const at = (field: string): string => (isObject(given) ? joinPointer(pointer, field) : pointer);
  const found = (field: string, message: string, mend: string): void =>
    context.found({ pointer: at(field), at: 'value', code: 'channel.canary', message, mend });
  if (every < MIN_EVERY_MS)
    found('every', 'a canary this often would be a burden for its readers', 'make it at least 1m');
  if (within !== undefined && (within <= 0 || within > every))
    found(
      'within',
      `\`within\` must be longer than 0s and at most \`every\``,
      `write at most ${formatDuration(every)}`,
    );
  if (notify === name)
    found('notify', 'the alarm about a channel cannot go through this channel', 'name another channel');
  else if (notify !== undefined) context.refer('canary', notify, name, at('notify'));
  for (const [index, recipient] of (to ?? []).entries())
    context.name(
      name,
      'to',
      recipient,
      isObject(given) && Array.isArray(given.to) ? joinPointer(at('to'), index) : at('to'),
    );
  return {
    every,
    within: within ?? Math.min(DEFAULT_WITHIN_MS, every),
    ...(notify !== undefined && { notify }),
    ...(to !== undefined && { to }),
  };
}
