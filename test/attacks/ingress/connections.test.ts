import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { needsNetwork, ownAddress } from '../support/network.ts';
import { openRaw, statusesOf } from '../support/raw.ts';
import { send } from '../support/send.ts';

const attack = attacksOn({
  listen: '0.0.0.0',
  rules: () => 'sources:\n  open: { type: webhook, path: /hooks/open }\n',
});

const PER_ADDRESS = 64;

attack(
  'A27',
  async (target) => {
    const outside = { origin: `http://${ownAddress}:${target.port}` };
    const idle = await Promise.all(
      Array.from({ length: 500 }, () => openRaw({ host: ownAddress!, port: target.port })),
    );
    await expect
      .poll(() => idle.filter(({ received }) => statusesOf(received)[0] === 429).length)
      .toBe(500 - PER_ADDRESS);
    // A client of another address is served meanwhile, and this one again when its connections are closed.
    expect((await send(target, '/hooks/open')).status).toBe(202);
    for (const { socket } of idle) socket.destroy();
    await expect.poll(async () => (await send(outside, '/hooks/open').catch(() => undefined))?.status).toBe(202);
  },
  needsNetwork,
);
