import { pino } from 'pino';
import { expect, test } from 'vitest';
import { channelMemory } from '../../../daemon/app/channels/memory.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import { memoryLog } from '../../support/delivery.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const log = pino({ level: 'silent' });

test('a text survives a restart, and belongs to its channel', async () => {
  const folder = await temporaryFolder();
  const clock = new VirtualClock();
  const first = await openStore({ path: folder });
  const ops = channelMemory({ checkpoints: first.checkpoints, name: 'ops', clock, log });
  expect(await ops.get('disk')).toBeUndefined();
  await ops.set('disk', '1.1');
  await ops.set('disk', '1.2');
  await first.close();
  const second = await openStore({ path: folder });
  const memoryOf = (name: string) => channelMemory({ checkpoints: second.checkpoints, name, clock, log });
  expect(await memoryOf('ops').get('disk')).toBe('1.2');
  expect(await memoryOf('mail').get('disk')).toBeUndefined();
  await second.close();
});

test('the oldest of more than 1,000 texts are forgotten', async () => {
  const store = await openStore({ path: await temporaryFolder() });
  const clock = new VirtualClock();
  const memory = channelMemory({ checkpoints: store.checkpoints, name: 'ops', clock, log });
  const writes: Promise<void>[] = [];
  for (let index = 0; index < 2000; index += 1) {
    await clock.advance(1);
    writes.push(memory.set(`key ${index}`, 'x'));
  }
  await Promise.all(writes);
  await clock.advance(1);
  await memory.set('key 2000', 'x');
  expect((await store.checkpoints.read('memory:ops')).size).toBe(1000);
  expect(await memory.get('key 1000')).toBeUndefined();
  expect(await memory.get('key 1001')).toBe('x');
  await store.close();
});

test('a text that cannot be stored is logged, and fails no send', async () => {
  const { log: logged, lines } = memoryLog();
  const store = await openStore({ path: await temporaryFolder() });
  const memory = channelMemory({ checkpoints: store.checkpoints, name: 'ops', clock: new VirtualClock(), log: logged });
  await store.close();
  await memory.set('disk', '1.1');
  expect(lines.join('')).toContain('could not be stored');
});
