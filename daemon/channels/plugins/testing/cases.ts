import assert from 'node:assert/strict';
import { MESSAGE_PARTS, type MessagePart } from '../../../core/compile/registry.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { attackCases } from './attack-cases.ts';
import { type Bench, withBench } from './bench.ts';
import type { CaseMakers, ContractCase } from './case.ts';
import {
  type Applies,
  applies,
  type ChannelContract,
  documentedRefusals,
  type ExpectedFailure,
  type PartSample,
} from './contract.ts';
import { sampleMessage } from './samples.ts';
import { schemaCases } from './schema-cases.ts';

const PART_SAMPLES = {
  tags: { message: { tags: ['tag-sample'] }, shown: 'tag-sample' },
  link: { message: { link: 'https://link.test/sample' }, shown: 'https://link.test/sample' },
  image: { message: { image: 'https://image.test/sample.png' }, shown: 'https://image.test/sample.png' },
  actions: {
    message: { actions: [{ label: 'Open', url: 'https://action.test/sample' }] },
    shown: 'action.test/sample',
  },
  fields: { message: { fields: { host: 'field-sample' } }, shown: 'field-sample' },
} satisfies Partial<Record<MessagePart, PartSample>>;

/**
 * The cases that every channel type must pass, to be run in this order: the last one looks at what the others have shown.
 * `release` of the contract is to be called after them.
 */
export function contractCases<A>(contract: ChannelContract<A>): readonly ContractCase[] {
  const shown: string[] = [];
  const { unavailable } = contract;
  const make = (name: string, run: (bench: Bench<A>) => Promise<void>): ContractCase => ({
    name,
    ...(unavailable !== undefined && { skip: unavailable }),
    run: () => withBench(contract, shown, run),
  });
  const onlyIf = <T>(
    given: Applies<T>,
    name: string,
    run: (given: T, bench: Bench<A>) => Promise<void>,
  ): ContractCase =>
    applies(given)
      ? make(name, (bench) => run(given, bench))
      : { name, skip: given.notApplicable, run: () => Promise.resolve() };
  return [
    ...schemaCases(contract.type),
    make('an accepted message gives a receipt, and arrives once', acceptedOnce),
    ...refusalCases(contract, { make, onlyIf }),
    make('a send that is aborted before it begins sends nothing, and may be tried again', abortedBefore),
    ...textCases(contract, { make, onlyIf }),
    make('the declared parts of a message arrive, and no others', (bench) => declaredParts(contract, bench)),
    {
      ...make('no error, receipt or log line of the tests above shows a secret', () => Promise.resolve()),
      async run() {
        for (const secret of contract.secrets)
          assert.deepEqual(
            shown.filter((text) => text.includes(secret)),
            [],
            `a text shows ${secret}`,
          );
      },
    },
  ];
}

async function acceptedOnce<A>({ destination, notifier, io, show }: Bench<A>): Promise<void> {
  await destination.respondWith('success');
  const receipt = await notifier.send(sampleMessage(), io());
  show(receipt);
  assert.ok(
    ['awaiting', 'id', 'status', 'answer'].some((name) => name in receipt),
    'the receipt has neither an id, a status nor an answer',
  );
  const received = await destination.received();
  assert.equal(received.length, 1);
  const { title } = sampleMessage();
  assert.ok(
    received[0]!.includes(title),
    `"${title}", the title, is not in what \`received\` gives: ${received[0]!.slice(0, 300)}`,
  );
}

function refusalCases<A>(contract: ChannelContract<A>, { make, onlyIf }: CaseMakers<A>): ContractCase[] {
  const { cases } = contract;
  const refusal =
    cases.refusal === undefined
      ? []
      : [
          onlyIf(cases.refusal, 'a refusal is a failure, also inside a 200', async (expected, bench) => {
            await bench.destination.respondWith('refusal');
            expectFailure(await bench.failure(sampleMessage(), bench.io()), expected);
          }),
        ];
  const documented = documentedRefusals(contract).map((one) =>
    make(`refused because ${one.when}: ${one.class}, ${one.code}`, async ({ destination, failure, io }) => {
      assert.ok(destination.refuseWith !== undefined, 'the destination has no `refuseWith`');
      await destination.refuseWith(one.answer);
      expectFailure(await failure(sampleMessage(), io()), { misconfigured: false, ...one });
    }),
  );
  return [
    ...refusal,
    ...documented,
    onlyIf(cases.rateLimited, 'a rate limit is transient, and its pause is kept', async (expected, bench) => {
      await bench.destination.respondWith('rateLimited');
      const failed = await bench.failure(sampleMessage(), bench.io());
      expectFailure(failed, { class: 'transient', retryAfter: 7000, rateLimited: true, ...expected });
    }),
    onlyIf(cases.serverError, 'an error of the server is transient', async (expected, bench) => {
      await bench.destination.respondWith('serverError');
      expectFailure(await bench.failure(sampleMessage(), bench.io()), { class: 'transient', ...expected });
    }),
    onlyIf(cases.hang, 'without an answer until the deadline the outcome is unknown', async (expected, bench) => {
      await bench.destination.respondWith('hang');
      const deadline = new AbortController();
      const { signal } = deadline;
      const sending = bench.failure(sampleMessage(), bench.io({ signal, ending: signal }));
      await bench.destination.arrived!(1);
      deadline.abort(new DOMException('deadline', 'TimeoutError'));
      expectFailure(await sending, { class: 'unknown', ...expected });
    }),
  ];
}

async function abortedBefore<A>({ destination, failure, io }: Bench<A>): Promise<void> {
  await destination.respondWith('success');
  const signal = AbortSignal.abort(new Error('shutdown'));
  const failed = await failure(sampleMessage(), io({ signal, ending: signal }));
  assert.equal(failed.class, 'transient');
  assert.deepEqual(await destination.received(), []);
}

function textCases<A>(contract: ChannelContract<A>, makers: CaseMakers<A>): ContractCase[] {
  const { cases } = contract;
  return [
    ...attackCases(contract, makers),
    makers.onlyIf(cases.sameId, 'every attempt of a delivery carries the same id', async (idOf, bench) => {
      const { destination, notifier, io } = bench;
      await destination.respondWith('success');
      await notifier.send(sampleMessage(), io());
      await notifier.send(sampleMessage(), io({ attempt: 2 }));
      const ids = (await destination.received()).map(idOf);
      assert.ok(ids[0], 'there is no id');
      assert.deepEqual(ids, [ids[0], ids[0]]);
    }),
  ];
}

async function declaredParts<A>(contract: ChannelContract<A>, bench: Bench<A>): Promise<void> {
  const { destination, notifier, io } = bench;
  await destination.respondWith('success');
  const arrives = async (overrides: Partial<Message>, sample: string): Promise<boolean> => {
    await notifier.send(sampleMessage(overrides), io());
    return (await destination.received()).at(-1)!.includes(sample);
  };
  const { supports = {} } = contract.type;
  const samples: Partial<Record<MessagePart, PartSample>> = { ...PART_SAMPLES, ...contract.samples };
  const mistakes: string[] = [];
  for (const part of MESSAGE_PARTS) {
    const sample = samples[part];
    if (sample === undefined) continue;
    const isDeclared = supports[part] !== undefined;
    if ((await arrives(sample.message, sample.shown)) === isDeclared) continue;
    mistakes.push(
      isDeclared
        ? `\`supports\` names ${part}, but "${sample.shown}" does not arrive`
        : `${part} arrives, but \`supports\` does not name it`,
    );
  }
  assert.deepEqual(mistakes, []);
}

function expectFailure(failed: SendFailure, expected: Partial<ExpectedFailure>): void {
  const { detail } = failed;
  const found = {
    class: failed.class,
    code: failed.code,
    misconfigured: detail.misconfigured ?? false,
    rateLimited: detail.rateLimited ?? false,
    retryAfter: detail.retryAfter,
  };
  const wanted = Object.entries(found).map(([name, value]) => [name, expected[name as keyof ExpectedFailure] ?? value]);
  assert.deepEqual(found, Object.fromEntries(wanted));
  assert.match(failed.code, /^[a-z_]+\.[\w.-]+$/);
  assert.doesNotMatch(failed.message, /https?:\/\//);
}
