import type { DeadClass } from './delivery.ts';
import type { EventInput } from './event.ts';
import type { Problem } from './failure.ts';

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
