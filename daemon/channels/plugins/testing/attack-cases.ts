import assert from 'node:assert/strict';
import { escapeFor } from '../../../core/message/escape.ts';
import type { Format, Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { ATTACKS, harmlessTwin, HOSTILE_ADDRESSES, HOSTILE_TEXTS } from './attacks.ts';
import { isHostileLink, structureOf, textsOf } from './received.ts';
import type { Bench } from './bench.ts';
import type { CaseMakers, ContractCase } from './case.ts';
import type { ChannelContract } from './contract.ts';
import { sampleMessage } from './samples.ts';

const FORMATS: readonly Format[] = ['text', 'markdown', 'html'];

/** Cases with the text of an attacker, and with texts that are too long. */
export function attackCases<A>(contract: ChannelContract<A>, { make, onlyIf }: CaseMakers<A>): ContractCase[] {
  const { cases } = contract;
  return [
    onlyIf(
      cases.oversize,
      'a message that is too long is cut visibly, or refused, and never sent broken',
      async (check, bench) => {
        for (const format of FORMATS) {
          const title = '磁盘告警'.repeat(1000);
          const body = '磁盘已满 **92%** 🔥\n'.repeat(20_000);
          const received = await accepted({ format, title, body }, bench);
          if (received !== undefined) check(received);
        }
      },
    ),
    make('any part that is too long is cut, or the message is refused, and never sent broken', async (bench) => {
      for (const parts of LONG_PARTS) {
        const received = await accepted(parts, bench);
        const halves = received === undefined ? [] : textsOf(received).filter((text) => HALF_CHARACTER.test(text));
        assert.deepEqual(halves, [], 'a character is cut in half');
      }
    }),
    onlyIf(cases.hostile, 'hostile text cannot mention, break out or add a header', async (check, bench) => {
      for (const text of HOSTILE_TEXTS) {
        for (const format of FORMATS) {
          const message = hostileMessage(text, format, contract);
          check(await arrival(message, bench), message);
        }
      }
    }),
    make('hostile text becomes no field, button, recipient or line of its own', (bench) =>
      sameStructure(contract, bench),
    ),
    ...(contract.type.escape === undefined ? [] : [make('a hostile address becomes no link', noLink)]),
  ];
}

/** A message in which an event has written the text everywhere, escaped as a template does it. */
function hostileMessage<A>(text: string, format: Format, { type }: ChannelContract<A>): Message {
  const value = (type.escape ?? escapeFor)(text, format);
  return sampleMessage({
    format,
    title: value,
    body: `before ${value} after`,
    tags: ['a\r\nb'],
    fields: { host: value },
  });
}

/** Compares the structure of what arrives of attacks with that of a harmless text in the same places. */
async function sameStructure<A>(contract: ChannelContract<A>, bench: Bench<A>): Promise<void> {
  if (structureOf(await arrival(sampleMessage(), bench)) === undefined) return;
  const twins = new Map<string, string | undefined>();
  const expectSame = async (text: string, format: Format, name: string): Promise<void> => {
    const message = (value: string): Message => ({
      ...hostileMessage(value, format, contract),
      actions: [{ label: value, url: 'https://action.test/a' }],
      replace_key: value,
    });
    const twin = harmlessTwin(text);
    const known = `${format} ${twin}`;
    if (!twins.has(known)) twins.set(known, structureOf(await arrival(message(twin), bench)));
    const found = structureOf(await arrival(message(text), bench, text));
    assert.equal(found, twins.get(known), `${name} (${format}) changes the structure of what is sent`);
  };
  for (const format of FORMATS) for (const text of HOSTILE_TEXTS) await expectSame(text, format, 'hostile text');
  // One at a time, because short parts such as labels are cut after the first lines.
  for (const { name, text } of ATTACKS) await expectSame(text, 'text', name);
}

/** Sends messages with addresses of an attacker; whatever arrives must not be a link to one. */
async function noLink<A>(bench: Bench<A>): Promise<void> {
  for (const address of HOSTILE_ADDRESSES) {
    const parts: readonly Partial<Message>[] = [
      { link: address },
      { image: address },
      { actions: [{ label: 'Open', url: address }] },
    ];
    for (const part of parts) {
      const received = await arrival(sampleMessage(part), bench);
      const links = textsOf(received).filter(isHostileLink);
      assert.deepEqual(links, [], `${JSON.stringify(address)} as ${Object.keys(part)[0]} became a link`);
    }
  }
}

const HALF_CHARACTER = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|\uFFFD/;

/** Texts of several parts that are far above the limit of every provider. */
const LONG_PARTS: readonly Partial<Message>[] = [
  { title: '🔥'.repeat(50_000) },
  { tags: Array.from({ length: 500 }, (_, index) => `tag ${index} ${'🔥'.repeat(50)}`) },
  {
    fields: Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`${index} ${'磁'.repeat(50)}`, '🔥'.repeat(200)]),
    ),
  },
  {
    actions: Array.from({ length: 100 }, (_, index) => ({
      label: '🔥'.repeat(100),
      url: `https://action.test/${index}`,
    })),
  },
  { link: `https://link.test/${'a'.repeat(20_000)}` },
  { image: `https://image.test/${'a'.repeat(20_000)}` },
  { replace_key: '🔥'.repeat(5000) },
];

/** Sends a message that may be refused as permanent; returns what arrived, undefined if it was refused. */
async function accepted<A>(parts: Partial<Message>, bench: Bench<A>): Promise<string | undefined> {
  try {
    return await arrival(sampleMessage(parts), bench);
  } catch (error) {
    assert.ok(error instanceof SendFailure && error.class === 'permanent', `not a permanent failure: ${String(error)}`);
    return undefined;
  }
}

/** Sends a message as a delivery of its own, and returns what arrived. `key`: prefix of the key of the delivery. */
async function arrival<A>(message: Message, bench: Bench<A>, key?: string): Promise<string> {
  const { destination, notifier, io, show } = bench;
  await destination.respondWith('success');
  const before = (await destination.received()).length;
  show(await notifier.send(message, io({ delivery: bench.nextDelivery(key) })));
  const received = (await destination.received()).slice(before);
  assert.equal(received.length, 1);
  return received[0]!;
}
