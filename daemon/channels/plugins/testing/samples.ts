import { Writable } from 'node:stream';
import { NO_WRITES } from '../../../core/event/file-writes.ts';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import { openDialer } from '../../kit/net/dialer.ts';
import { volatileMemory } from '../../kit/sent-messages.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { type Log, openLog } from '../../../lib/log.ts';
import { Scrubber } from '../../../lib/secrets/scrubber.ts';
import type { Clock } from '../../../lib/time/clock.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');

/** Clock that stands still; its timers never fire. */
const STOPPED_CLOCK: Clock = { now: () => NOW, monotonic: () => 0, after: () => () => undefined };

export function sampleEvent(overrides: Partial<Event> = {}): Event {
  return {
    id: 'e-1',
    source: 'deploys',
    type: 'deploy.failed',
    subject: 'acme/api',
    time: '2026-11-23T09:00:00Z',
    data: { repository: 'acme/api', branch: 'main' },
    ...overrides,
  };
}

export function sampleMessage(overrides: Partial<Message> = {}): Message {
  return {
    title: 'Deploy failed: acme/api',
    body: 'Build 42 of main by alice',
    format: 'text',
    priority: 'normal',
    tags: [],
    ...overrides,
  };
}

export function sampleDelivery(overrides: Partial<Delivery> = {}): Delivery {
  return {
    id: '019aaf2e-1c00-7000-8000-0123456789ab',
    event: sampleEvent(),
    rule: 'failed-deploy',
    channel: 'ops',
    channelType: 'webhook',
    key: 'acme/api',
    status: 'firing',
    message: sampleMessage(),
    createdAt: Date.parse('2026-11-23T09:00:00Z'),
    attempts: [],
    ...overrides,
  };
}

export function sampleIo(overrides: Partial<SendIo> = {}): SendIo {
  const signal = overrides.signal ?? new AbortController().signal;
  return { delivery: sampleDelivery(), signal, ending: signal, attempt: 1, ...overrides };
}

/** Log whose lines a test can read. */
export function memoryLog(): { readonly log: Log; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const out = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      lines.push(line);
      done();
    },
  });
  return { log: openLog({ level: 'debug', format: 'json' }, new Scrubber(), out), lines };
}

/** Tools for opening a channel; those that a test does not pass reject when they are used. */
export function channelTools(overrides: Partial<ChannelTools> = {}): ChannelTools {
  return {
    name: 'ops',
    http: {
      request: () => Promise.reject(new Error('this test gave the channel no HTTP client')),
      connect: () => Promise.reject(new Error('this test gave the channel no HTTP client')),
      close: () => Promise.resolve(),
    },
    net: openDialer(),
    clock: STOPPED_CLOCK,
    log: memoryLog().log,
    push: { push: () => Promise.reject(new Error('this test gave the channel no push gateway')) },
    subscriptions: {
      keys: () => Promise.reject(new Error('this test gave the channel no Web Push keys')),
      of: () => Promise.resolve([]),
      end: () => Promise.resolve(false),
    },
    memory: volatileMemory(),
    attachFrom: [],
    writes: NO_WRITES,
    hostname: 'belfry.test',
    env: {},
    ...overrides,
  };
}

/** Sends a message that must fail, and returns the `SendFailure`. */
export async function failureOfSending(notifier: Notifier, message: Message, io: SendIo): Promise<SendFailure> {
  try {
    await notifier.send(message, io);
  } catch (error) {
    if (error instanceof SendFailure) return error;
    throw new Error('the channel threw something that is not a SendFailure', { cause: error });
  }
  throw new Error('the send was expected to fail, but it succeeded');
}
