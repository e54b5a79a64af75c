import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { openRaw, type RawConnection, statusesOf } from '../support/raw.ts';
import { storedCount } from '../support/send.ts';
import type { Target } from '../support/target.ts';

const attack = attacksOn({ rules: () => 'sources:\n  open: { type: webhook, path: /hooks/open }\n' });

const HEAD = 'POST /hooks/open HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const EVERY_MS = 250;

/** Sends a beginning, then one byte at a time until the daemon closes; nothing at all for an empty one. Resolves to the answer and the seconds that it took. */
async function drip({ port }: Target, beginning: string): Promise<{ statuses: number[]; seconds: number }> {
  const connection: RawConnection = await openRaw({ host: '127.0.0.1', port });
  const start = performance.now();
  connection.socket.write(beginning);
  const isOpen = (): boolean => beginning !== '' && connection.socket.writable;
  const timer = setInterval(() => isOpen() && connection.socket.write('x'), EVERY_MS);
  const received = await connection.ended();
  clearInterval(timer);
  return { statuses: statusesOf(received), seconds: (performance.now() - start) / 1000 };
}

/** Several at once; the seconds are printed. */
async function dripAll(target: Target, beginnings: readonly string[]): Promise<void> {
  const all = await Promise.all(beginnings.map((beginning) => drip(target, beginning)));
  expect(all.map(({ statuses }) => statuses)).toEqual(beginnings.map(() => [408]));
  process.stdout.write(`  closed after ${all.map(({ seconds }) => seconds.toFixed(1)).join(', ')} s\n`);
  expect(await storedCount(target, 'open')).toBe(0);
}

attack('A25', async (target) => {
  await dripAll(target, [
    '',
    'POST /hooks/open HTTP/1.1\r\n',
    HEAD,
    `${HEAD}X-Slow: `,
    'GET /v1/feed HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n',
  ]);
});

attack('A26', async (target) => {
  await dripAll(target, [`${HEAD}Content-Length: 100000\r\n\r\n`, `${HEAD}Transfer-Encoding: chunked\r\n\r\nffff\r\n`]);
});
