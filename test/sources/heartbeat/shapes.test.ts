import { expect, it } from 'vitest';
import { heartbeat } from '../../../daemon/sources/heartbeat/heartbeat.ts';
import { startHeartbeat } from '../../support/heartbeat.ts';
import { sourceSettings } from '../../support/source-io.ts';
import { undeclaredFields } from '../../support/source-shapes.ts';

it('events have the declared fields', async () => {
  const { io, clock, beat } = await startHeartbeat({ every: '1m', grace: '0s' });
  await beat();
  await clock.advance(5 * 60_000);
  await beat('/start');
  await beat('');
  await beat('/fail');
  const shapes = heartbeat.shapes!(sourceSettings(heartbeat, { every: '1m' }) as never);
  expect(new Set(io.events.map(({ type }) => type))).toEqual(new Set(heartbeat.events));
  expect(io.events.flatMap((event) => undeclaredFields(event, shapes))).toEqual([]);
});
