import type { Curve, Size } from '../line.ts';
import { until } from '../tools/clock.ts';
import { Daemon } from '../tools/daemon.ts';
import { EVENT_TYPE } from '../tools/events.ts';
import { runLoad } from '../tools/load.ts';
import { closing } from '../tools/opened.ts';
import { receipts } from '../tools/receipts.ts';
import { ruleText, webhookChannel } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';

const DELIVERIES: Readonly<Record<Size, number>> = { full: 8000, short: 500 };
const TIMEOUT_MS = 60_000;

function fanOut(url: string, channels: number): Record<string, string> {
  const names = Array.from({ length: channels }, (_, index) => `sink${index}`);
  return {
    'channels.yaml': `channels:\n${names.map((name) => webhookChannel(name, `${url}${name}`)).join('')}`,
    'rules.yaml': `rules:\n${ruleText('all', EVENT_TYPE, names)}`,
  };
}

/** Sends events with `channels` deliveries each. Returns the deliveries per second. */
async function rate(daemon: Daemon, sink: Sink, deliveries: number, channels: number): Promise<number> {
  const count = Math.ceil(deliveries / channels);
  const first = sink.expect(count);
  const counts = sink.memory.counts.subarray(first, first + count);
  const load = await runLoad({ port: daemon.port, count, first, request: (number) => daemon.request(number) });
  await until('all deliveries', () => counts.every((times) => times >= channels), TIMEOUT_MS);
  const { lastAt } = receipts(sink.memory, first, count, channels);
  return (count * channels * 1000) / (lastAt - load.startedAt);
}

/** Delivery rate by the number of channels for each event. */
export const channels: Curve = {
  name: 'channels',
  title: 'Deliveries a second when an event goes to several channels',
  says: 'An event is accepted and made durable once, however many deliveries it has.',
  x: 'channels that a rule notifies',
  y: 'deliveries/s',
  sizes: [1, 4, 16, 64],
  measure: (channels, size) =>
    closing(Sink.open(), (sink) =>
      closing(Daemon.start({ files: fanOut(sink.url, channels) }), async (daemon) => {
        await rate(daemon, sink, DELIVERIES[size] / 8, channels);
        return { Belfry: await rate(daemon, sink, DELIVERIES[size], channels) };
      }),
    ),
};
