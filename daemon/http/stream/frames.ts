import type { Delivery } from '../../core/delivery/delivery.ts';
import { hopsAfter } from '../../core/event/hops.ts';
import { isObject } from '../../core/values/json.ts';
import type { Message } from '../../core/message/message.ts';

export const HEARTBEAT_MS = 2_000;
const RECONNECT_AFTER_MS = 5_000;

/** Frames of a client. */
export type ClientFrame =
  | { readonly type: 'resume'; readonly epoch: string; readonly seq: number }
  | { readonly type: 'ack'; readonly seq: number }
  | { readonly type: 'ping' };

export const hello = (user: string, epoch: string, seq: number): object => ({
  type: 'hello',
  user,
  epoch,
  seq,
  heartbeat_ms: HEARTBEAT_MS,
  reconnect_after_ms: RECONNECT_AFTER_MS,
});

/** Stored body of a push, without its `seq`. */
export function pushBody(delivery: Delivery, message: Message): string {
  const { id, rule, key, createdAt } = delivery;
  const hops = hopsAfter(delivery);
  return JSON.stringify({ id, time: new Date(createdAt).toISOString(), rule, key, hops, ...message });
}

/** Encoded message frames. The last one is cached, because a message to many users is sent to all in turn. */
export class MessageFrames {
  #seq = -1;
  #frame: Buffer = Buffer.alloc(0);

  of(seq: number, body: string): Buffer {
    if (seq !== this.#seq) {
      this.#seq = seq;
      this.#frame = Buffer.from(`{"type":"message","seq":${seq},${body.slice(1)}`, 'utf8');
    }
    return this.#frame;
  }
}

/** Parses a frame; undefined when it is not valid. */
export function readFrame(text: string): ClientFrame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const isSeq = Number.isSafeInteger(value.seq) && (value.seq as number) >= 0;
  if (value.type === 'ping') return { type: 'ping' };
  if (value.type === 'ack' && isSeq) return { type: 'ack', seq: value.seq as number };
  if (value.type === 'resume' && isSeq && typeof value.epoch === 'string')
    return { type: 'resume', epoch: value.epoch, seq: value.seq as number };
  return undefined;
}

/** Position of a client that reconnects: `?epoch=...&seq=...`, or Last-Event-ID `epoch:seq`. */
export function positionOf(
  epoch: string | null | undefined,
  seq: string | null | undefined,
): { epoch: string; seq: number } | undefined {
  return epoch && seq && /^\d{1,15}$/.test(seq) ? { epoch, seq: Number(seq) } : undefined;
}
