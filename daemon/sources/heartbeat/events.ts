import type { EventInput } from '../../core/event/event.ts';
import { withHops } from '../../core/event/hops.ts';
import type { EventShape } from '../../core/event/shape.ts';
import type { JsonObject } from '../../core/values/json.ts';
import type { Down, Heartbeat, RecordPatch } from './state.ts';

/** The fields of each event; the functions below fill them. */
export function heartbeatShapes(isKeyed: boolean): readonly EventShape[] {
  const common = { heartbeat: 'text', ...(isKeyed && { key: 'text' as const }) } as const;
  const run = { duration: 'number', output: 'text' } as const;
  const last = { last_beat_at: 'text' } as const;
  return [
    { type: 'heartbeat.missed', data: { ...common, ...last, expected_at: 'text', late_by: 'number', state: ['down'] } },
    {
      type: 'heartbeat.recovered',
      data: {
        ...common,
        ...run,
        beat_at: 'text',
        down_since: 'text',
        down_for: 'number',
        after: ['missed', 'failed'],
        state: ['up'],
      },
    },
    { type: 'heartbeat.failed', data: { ...common, ...run, ...last, exit_code: 'number', state: ['down'] } },
  ];
}

/** Identity of a heartbeat; the key is empty when the source has only one. */
export interface HeartbeatId {
  readonly heartbeat: string;
  readonly key: string;
}

/** A request about a job: it succeeded, began or failed. `at` in milliseconds. */
export interface Ping {
  readonly kind: 'beat' | 'start' | 'fail';
  readonly at: number;
  readonly exitCode?: number;
  /** Output of the job. */
  readonly output?: string;
  /** Hops of the cause of the request. */
  readonly hops?: number;
}

/** A change of the record, and the event that is emitted with it. */
export interface Transition {
  readonly patch: RecordPatch;
  readonly event?: EventInput;
}

/** The effect of a ping. */
export function transitionOf(id: HeartbeatId, current: Heartbeat, ping: Ping): Transition {
  const transition = TRANSITIONS[ping.kind](id, current, ping);
  const { event } = transition;
  return event === undefined ? transition : { ...transition, event: withHops(event, ping.hops ?? 0) };
}

const TRANSITIONS: Readonly<Record<Ping['kind'], (id: HeartbeatId, current: Heartbeat, ping: Ping) => Transition>> = {
  beat(id, current, ping) {
    const beat = { beat: ping.at };
    if (current.record.down === null) return { patch: beat };
    const { patch, event } = recovered(id, current, ping);
    return { patch: { ...patch, ...beat }, event };
  },
  start(_id, { record }, { at }) {
    const { beat, counted } = record;
    const isNew = beat === null && counted === null;
    const run = { at, beat };
    return { patch: { run, ...(isNew && { counted: { at, beat } }), ...seenAt(record.down, at) } };
  },
  fail(id, current, ping) {
    const { down } = current.record;
    // One event per outage.
    return down === null ? failed(id, current, ping) : { patch: { run: null, ...seenAt(down, ping.at) } };
  },
};

function seenAt(down: Down | null, at: number): RecordPatch {
  return down === null ? {} : { down: { ...down, seen: at } };
}

/** The deadline has passed without a beat. */
export function missed(id: HeartbeatId, { record, expected }: Heartbeat, now: number): Required<Transition> {
  const { due } = expected!;
  const expected_at = new Date(due).toISOString();
  const data = {
    expected_at,
    last_beat_at: record.beat === null ? null : new Date(record.beat).toISOString(),
    late_by: Math.max(0, now - due),
    state: 'down',
  };
  return {
    event: eventOf(id, 'missed', expected_at, data),
    patch: { down: { cause: 'missed', at: now, beat: record.beat, seen: now } },
  };
}

/** The first beat after an outage came at `at`. */
export function recovered(
  id: HeartbeatId,
  current: Heartbeat,
  { at, output }: Pick<Ping, 'at' | 'output'>,
): Required<Transition> {
  const { at: since, cause } = current.record.down!;
  const beat_at = new Date(at).toISOString();
  const data = {
    beat_at,
    down_since: new Date(since).toISOString(),
    down_for: Math.max(0, at - since),
    after: cause,
    ...duration(current, at),
    ...(output !== undefined && { output }),
    state: 'up',
  };
  return { event: eventOf(id, 'recovered', beat_at, data), patch: { down: null } };
}

function failed(id: HeartbeatId, current: Heartbeat, { at, exitCode, output }: Ping): Transition {
  const { beat } = current.record;
  const data = {
    last_beat_at: beat === null ? null : new Date(beat).toISOString(),
    ...(exitCode !== undefined && { exit_code: exitCode }),
    ...duration(current, at),
    ...(output !== undefined && { output }),
    state: 'down',
  };
  return {
    event: eventOf(id, 'failed', new Date(at).toISOString(), data),
    patch: { run: null, down: { cause: 'failed', at, beat, seen: at } },
  };
}

/** Duration of the run that ends at `at`. */
function duration({ running }: Heartbeat, at: number): { readonly duration?: number } {
  return running === undefined ? {} : { duration: Math.max(0, at - running) };
}

/** The id contains the time that the event is about, so that a repeated event is a duplicate. */
function eventOf({ heartbeat, key }: HeartbeatId, what: string, time: string, data: JsonObject): EventInput {
  const keyed = key !== '';
  return {
    id: [heartbeat, ...(keyed ? [key] : []), what, time].join(':'),
    type: `heartbeat.${what}`,
    subject: keyed ? key : heartbeat,
    data: { heartbeat, ...(keyed && { key }), ...data },
  };
}
