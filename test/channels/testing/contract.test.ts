import { expect, test } from 'vitest';
import { type ChannelType, defineChannel, supports } from '../../../daemon/channels/channel.ts';
import { wellFormed } from '../../../daemon/channels/kit/text/text.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import { secret, strict } from '../../../daemon/core/schema/fields.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { contractCases } from '../../../daemon/channels/plugins/testing/cases.ts';
import type { ChannelContract } from '../../../daemon/channels/plugins/testing/contract.ts';
import { openHttpDestination } from '../../../daemon/channels/plugins/testing/http-destination.ts';
import type { Secret } from '../../../daemon/lib/secrets/secret.ts';

/** A channel that writes a text for each message; `refuse` makes it fail with that text. */
function contractOf(
  write: (message: Message) => string,
  fail: (token: string) => SendFailure = () => new SendFailure('permanent', 'paper.refused', 'no'),
): ChannelContract {
  const paper: string[] = [];
  let isRefusing = false;
  const type: ChannelType = defineChannel({
    type: 'paper',
    summary: 'Writes on a piece of paper',
    documentation: 'https://paper.example/docs',
    settings: strict({ token: secret({ description: 'The token.', examples: ['${env:TOKEN}'] }) }),
    limits: {},
    supports: supports({ kept: 'priority' }),
    idempotent: false,
    escape: (text) => text,
    open: (settings) => ({
      async send(message, { signal }) {
        if (signal.aborted) throw new SendFailure('transient', 'paper.aborted', 'the attempt was over');
        if (isRefusing) throw fail((settings as { token: Secret }).token.reveal());
        paper.push(write(message));
        return { id: '1' };
      },
    }),
  });
  const notApplicable = { notApplicable: 'paper has no server' };
  return {
    type,
    secrets: ['tok-4711'],
    openDestination: async () => ({
      settings: { token: 'tok-4711' },
      respondWith: (kind) => void (isRefusing = kind === 'refusal'),
      received: () => paper,
      close: async () => void paper.splice(0),
    }),
    cases: {
      refusal: { class: 'permanent', code: 'paper.refused' },
      rateLimited: notApplicable,
      serverError: notApplicable,
      hang: notApplicable,
      oversize: () => undefined,
      hostile: () => undefined,
      sameId: notApplicable,
    },
  };
}

/** The cases that fail, in order: the name and the message of each. */
async function failures(contract: ChannelContract): Promise<[name: string, message: string][]> {
  const found: [string, string][] = [];
  for (const { name, skip, run } of contractCases(contract)) {
    if (skip !== undefined) continue;
    await run().catch((error: unknown) => found.push([name, (error as Error).message]));
  }
  return found;
}

const failed = async (contract: ChannelContract): Promise<string[]> => (await failures(contract)).map(([name]) => name);

test('a channel that keeps the contract passes every case', async () => {
  expect(await failed(contractOf(({ title }) => JSON.stringify({ text: wellFormed(title) })))).toEqual([]);
});

test.each([
  [
    'lets text become a field',
    ({ title }: Message) => `{"text":"${title.replace(/[\r\n\\]/g, ' ')}"}`,
    'hostile text becomes no field, button, recipient or line of its own',
  ],
  [
    'lets text become a parameter of a form',
    ({ title }: Message) => `text=${title.replace(/[\r\n]/g, ' ')}`,
    'hostile text becomes no field, button, recipient or line of its own',
  ],
  [
    'cuts characters in half',
    ({ title }: Message) => JSON.stringify({ text: title.slice(0, 99) }),
    'any part that is too long is cut, or the message is refused, and never sent broken',
  ],
  [
    'makes a link of any address',
    ({ title, link }: Message) => JSON.stringify({ text: wellFormed(title), ...(link !== undefined && { link }) }),
    'a hostile address becomes no link',
  ],
] as const)('a channel that %s fails', async (_, write, name) => {
  expect(await failed(contractOf(write))).toContain(name);
});

test('a channel whose error shows a secret fails', async () => {
  const leaking = (token: string): SendFailure =>
    new SendFailure('permanent', 'paper.refused', `the token ${token} is wrong`);
  expect(await failed(contractOf(({ title }) => JSON.stringify({ text: wellFormed(title) }), leaking))).toEqual([
    'no error, receipt or log line of the tests above shows a secret',
  ]);
});

test('a failed case says which part is declared wrongly, and in what the title was looked for', async () => {
  const linking = contractOf(({ title, link }) => JSON.stringify({ text: wellFormed(title), link }));
  expect((await failures(linking)).map(([, message]) => message).join('\n')).toContain(
    'link arrives, but `supports` does not name it',
  );
  const encoded = contractOf(({ title }) => encodeURIComponent(wellFormed(title)));
  expect((await failures(encoded))[0]?.[1]).toMatch(/the title, is not in what `received` gives: Deploy%20failed/);
});

test('what is received of a form is the JSON of its fields, and the whole where a field is repeated', async () => {
  const destination = await openHttpDestination({ settings: () => ({}), responses: {} });
  const post = async (pairs: [string, string][]): Promise<string> => {
    await fetch(destination.sink.origin, { method: 'POST', body: new URLSearchParams(pairs) });
    return (await destination.received()).at(-1)!;
  };
  expect(await post([['text', 'disk 91 %']])).toBe('{"text":"disk 91 %"}');
  expect(
    await post([
      ['to', 'a'],
      ['to', 'b'],
    ]),
  ).toBe('to=a&to=b');
  expect(destination.sink.requests[1]!.form).toEqual({ to: 'a, b' });
  await destination.close();
});
