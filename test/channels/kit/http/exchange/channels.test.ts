import { expect, test } from 'vitest';
import { ExchangeMask } from '../../../../../daemon/channels/kit/http/exchange/mask.ts';
import { type AttemptEnding, ExchangeRecord } from '../../../../../daemon/channels/kit/http/exchange/record.ts';
import { CompileContext } from '../../../../../daemon/core/compile/context.ts';
import type { Exchange } from '../../../../../daemon/core/delivery/exchange.ts';
import { Scrubber } from '../../../../../daemon/lib/secrets/scrubber.ts';
import { channelTools, sampleIo, sampleMessage } from '../../../../support/delivery.ts';
import { SPELLINGS } from '../../../../support/spellings.ts';
import { applies, type ChannelContract } from '../../../contract.ts';
import { contracts } from '../../../all-contracts.ts';

type Kind = 'success' | 'refusal';

/** Sends one message and returns what a daemon with these settings would store of it. */
async function exchangeOf(contract: ChannelContract<unknown>, kind: Kind): Promise<Exchange | undefined> {
  const { type } = contract;
  const destination = await contract.openDestination();
  const context = new CompileContext({
    file: 'rules.yaml',
    data: destination.settings,
    referenced: () => false,
    locate: () => ({ line: 1, column: 1 }),
  });
  const settings = context.settings(type.settings, destination.settings, '', type.type);
  const scrubber = new Scrubber();
  for (const secret of context.secrets) scrubber.add(secret);
  const exchange = new ExchangeRecord();
  const ending: AttemptEnding = Object.assign(new AbortController().signal, { exchange });
  const notifier = type.open(settings as never, channelTools(destination.tools));
  try {
    await destination.respondWith(kind);
    await notifier.send(sampleMessage(), sampleIo({ ending })).catch(() => undefined);
    return new ExchangeMask(settings).exchangeOf(exchange, scrubber);
  } finally {
    await notifier.close?.();
    await destination.close();
  }
}

/** Types that send over HTTP in every variant. */
const overHttp = contracts.filter(({ type, unavailable }) => {
  const { properties } = type.settings as { readonly properties?: Readonly<Record<string, unknown>> };
  return unavailable === undefined && properties?.api !== undefined;
});

test('most types send over HTTP', () => {
  expect(new Set(overHttp.map(({ type }) => type.type)).size).toBeGreaterThan(40);
});

test.each(overHttp.map((contract) => [`${contract.type.type} ${contract.variant ?? ''}`.trim(), contract] as const))(
  '%s: the stored request and answer show no secret of the settings, in no encoding',
  async (_, contract) => {
    const kinds: Kind[] =
      applies(contract.cases.refusal) && contract.cases.refusal ? ['success', 'refusal'] : ['success'];
    for (const kind of kinds) {
      const exchange = await exchangeOf(contract, kind);
      expect(exchange).toMatchObject({
        request: { method: expect.stringMatching(/^[A-Z]+$/), url: expect.stringMatching(/^(?:https?:\/\/|unix:)/) },
        answer: { status: expect.any(Number) },
      });
      const text = JSON.stringify(exchange);
      for (const secret of contract.secrets)
        for (const [name, spell] of Object.entries(SPELLINGS))
          expect(text.includes(spell(secret)), `${name} of a secret is in ${text}`).toBe(false);
    }
  },
);
