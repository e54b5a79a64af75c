import { appendFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { EventInput } from '../../daemon/core/event/event.ts';
import type { EventShape, FieldKind } from '../../daemon/core/event/shape.ts';
import { OWN_SHAPES, ownEvents } from '../../daemon/core/event/own-events.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { files } from '../../daemon/sources/files/files.ts';
import { heartbeat } from '../../daemon/sources/heartbeat/heartbeat.ts';
import { lines } from '../../daemon/sources/lines/lines.ts';
import { schedule } from '../../daemon/sources/schedule.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import type { SourceType } from '../../daemon/sources/source.ts';
import { startHeartbeat } from '../support/heartbeat.ts';
import { recordedIo, sourceSettings } from '../support/source-io.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Fields of an event that its shape does not have, and values of another kind. */
function strangers({ type, data }: EventInput, shapes: readonly EventShape[]): string[] {
  const shape = shapes.find((candidate) => candidate.type === undefined || candidate.type === type);
  if (shape === undefined) return [`the type ${type}`];
  const { data: fields } = shape;
  if (fields === 'open') return [];
  return Object.entries(data as object).flatMap(([name, value]) => {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return kind !== undefined && (value === null || isOf(kind, value)) ? [] : [`${type}: ${name}`];
  });
}

const TYPES = { text: 'string', number: 'number', boolean: 'boolean' } as const;

function isOf(kind: FieldKind, value: unknown): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string);
  return kind === 'any' || typeof value === TYPES[kind];
}

/** The first events of a source during an action, and their fields that its shapes do not have. */
async function compared(type: SourceType, written: object, count: number, act: (clock: VirtualClock) => Promise<void>) {
  const settings = sourceSettings(type, written);
  const clock = new VirtualClock();
  const io = recordedIo({ clock: type === files ? systemClock : clock });
  const source = await type.start(settings as never, io);
  onTestFinished(() => source.stop());
  await act(clock);
  await io.arrived(count);
  const shapes = type.shapes!(settings as never);
  return {
    types: new Set(io.events.map((event) => event.type)),
    strange: io.events.flatMap((event) => strangers(event, shapes)),
  };
}

it('of files', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a.txt');
  const settings = { paths: [`${folder}/*.txt`], content: '1KiB', settle: '20ms', rescan: '100ms' };
  const found = await compared(files, settings, 1, () => writeFile(file, 'x'));
  expect(found).toEqual({ types: new Set(['file.created']), strange: [] });
});

it('of deleted files', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a.txt');
  await writeFile(file, 'x');
  const settings = { paths: [`${folder}/*.txt`], content: '1KiB', settle: '20ms', rescan: '100ms' };
  const found = await compared(files, settings, 1, () => unlink(file));
  expect(found).toEqual({ types: new Set(['file.deleted']), strange: [] });
});

it('of lines', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a.log');
  await writeFile(file, '');
  const settings = { paths: [file], match: '(?P<code>\\d+)(?P<rest>x)?', max_line: '16B' };
  const found = await compared(lines, settings, 1, async (clock) => {
    await clock.advance(100);
    await appendFile(file, `500 ${'y'.repeat(40)}\n`);
    await clock.advance(2100);
  });
  expect(found).toEqual({ types: new Set(['line']), strange: [] });
});

it('of a schedule', async () => {
  const settings = { every: '1m', data: { team: 'ops', n: 1, on: true, more: { a: [] } } };
  const found = await compared(schedule, settings, 1, (clock) => clock.advance(120_000));
  expect(found).toEqual({ types: new Set(['schedule.tick']), strange: [] });
});

it('of a heartbeat in each state', async () => {
  const { io, clock, beat } = await startHeartbeat({ every: '1m', grace: '0s' });
  await beat();
  await clock.advance(5 * 60_000);
  await beat('/start');
  await beat('');
  await beat('/fail');
  const shapes = heartbeat.shapes!(sourceSettings(heartbeat, { every: '1m' }) as never);
  expect(new Set(io.events.map(({ type }) => type))).toEqual(new Set(heartbeat.events));
  expect(io.events.flatMap((event) => strangers(event, shapes))).toEqual([]);
});

it('of every event of the daemon', () => {
  const text = 'x';
  const problem = { file: text, line: 1, column: 1, code: text, message: text, mend: text };
  const lists = { added: [text], changed: [], removed: [], problems: [problem] };
  const failure = { channel: text, code: text, message: text };
  const events = [
    ownEvents.started({ version: text, generation: 1 }),
    ownEvents.reloadApplied({ generation: 1, ...lists }),
    ownEvents.reloadRejected({ generation: 1, problems: [problem] }),
    ownEvents.deliveryDead({
      delivery: text,
      rule: text,
      key: text,
      class: 'expired',
      title: text,
      event: text,
      ...failure,
    }),
    ownEvents.channelMisconfigured(failure),
    ownEvents.channelFailing(failure),
    ownEvents.channelRecovered({ channel: text }),
    ownEvents.ruleError({ rule: text, reason: text, event: text }),
    ownEvents.sourceFailing({ source: text, type: text, reason: text }),
  ];
  expect(events).toHaveLength(Object.keys(ownEvents).length);
  expect(events.flatMap((event) => strangers(event, OWN_SHAPES))).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(OWN_SHAPES.map(({ type }) => type));
});

it('every source type has shapes for exactly the event types that it declares', () => {
  const samples: Readonly<Record<string, object>> = {
    files: { paths: '/srv' },
    heartbeat: { every: '1d' },
    lines: { paths: '/srv/x' },
    schedule: { every: '1d' },
    webhook: { path: '/hooks/x' },
  };
  for (const type of sourceTypes) {
    const shapes = type.shapes!(sourceSettings(type, samples[type.type]!) as never);
    expect(shapes.map((shape) => shape.type)).toEqual([...type.events]);
  }
});
