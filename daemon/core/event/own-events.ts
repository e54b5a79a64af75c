import type { DeadClass } from '../delivery/delivery.ts';
import type { EventInput } from './event.ts';
import type { EventShape } from './shape.ts';
import type { Problem } from '../problems/failure.ts';

/** The daemon's own events (source `belfry`), for rules to use. */
export const ownEvents = {
  started: (data: { version: string; generation: number }) => own('belfry.started', undefined, data),
  reloadApplied: (data: {
    generation: number;
    added: readonly string[];
    changed: readonly string[];
    removed: readonly string[];
    problems: readonly Problem[];
  }) => own('belfry.reload.applied', undefined, data),
  reloadRejected: (data: { generation: number; problems: readonly Problem[] }) =>
    own('belfry.reload.rejected', undefined, data),
  deliveryDead: (data: {
    delivery: string;
    channel: string;
    rule: string;
    key: string;
    class: DeadClass;
    code: string;
    message: string;
    title: string;
    event: string;
  }) => own('belfry.delivery.dead', data.channel, data),
  channelMisconfigured: (data: { channel: string; code: string; message: string }) =>
    own('belfry.channel.misconfigured', data.channel, data),
  channelFailing: (data: { channel: string; code: string; message: string }) =>
    own('belfry.channel.failing', data.channel, data),
  channelRecovered: (data: { channel: string }) => own('belfry.channel.recovered', data.channel, data),
  ruleError: (data: { rule: string; reason: string; event: string }) => own('belfry.rule.error', data.rule, data),
  sourceFailing: (data: { source: string; type: string; reason: string }) =>
    own('belfry.source.failing', data.source, data),
} as const;

function own(type: string, subject: string | undefined, data: object): EventInput {
  return { type, ...(subject !== undefined && { subject }), data: data as NonNullable<EventInput['data']> };
}

/** Fields of each event above; `belfry check` warns of rules that use others. */
export const OWN_SHAPES: readonly EventShape[] = [
  { type: 'belfry.started', data: { version: 'text', generation: 'number' } },
  {
    type: 'belfry.reload.applied',
    data: { generation: 'number', added: 'any', changed: 'any', removed: 'any', problems: 'any' },
  },
  { type: 'belfry.reload.rejected', data: { generation: 'number', problems: 'any' } },
  {
    type: 'belfry.delivery.dead',
    data: {
      ...texts('delivery', 'channel', 'rule', 'key', 'code', 'message', 'title', 'event'),
      class: ['permanent', 'exhausted', 'expired', 'unknown', 'internal'],
    },
  },
  { type: 'belfry.channel.misconfigured', data: texts('channel', 'code', 'message') },
  { type: 'belfry.channel.failing', data: texts('channel', 'code', 'message') },
  { type: 'belfry.channel.recovered', data: texts('channel') },
  { type: 'belfry.rule.error', data: texts('rule', 'reason', 'event') },
  { type: 'belfry.source.failing', data: texts('source', 'type', 'reason') },
];

function texts(...names: readonly string[]): Readonly<Record<string, 'text'>> {
  return Object.fromEntries(names.map((name) => [name, 'text' as const]));
}
