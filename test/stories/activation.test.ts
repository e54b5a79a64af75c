import { NO_WRITES } from '../../daemon/core/event/file-writes.ts';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { Type } from 'typebox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Intake } from '../../daemon/app/runtime/intake.ts';
import { Reloading } from '../../daemon/app/reload/reloading.ts';
import { RunningSources } from '../../daemon/app/runtime/sources.ts';
import { Timers } from '../../daemon/app/runtime/timers.ts';
import { strict } from '../../daemon/core/schema/fields.ts';
import type { ReloadView } from '../../daemon/http/daemon-api.ts';
import { newId } from '../../daemon/lib/id.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { Live } from '../../daemon/reload/live.ts';
import { defineSource, type SourceIo } from '../../daemon/sources/source.ts';
import { LaneHarness } from '../support/lanes.ts';
import { tools as known } from '../support/rule-types.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Running sources by name, and a log of starts and stops. */
const running = new Map<string, SourceIo>();
const history: string[] = [];

/** A source type whose start can be made to fail. */
const fragile = defineSource({
  type: 'fragile',
  summary: 'Starts or fails.',
  settings: strict({
    n: Type.Integer({ description: 'Any number.', examples: [1] }),
    throws: Type.Optional(Type.Boolean({ description: 'Whether it throws at its start.', examples: [true] })),
  }),
  events: ['fragile'],
  start({ n, throws = false }, io) {
    history.push(`${io.name} ${n} starts`);
    if (throws) throw new Error(`${io.name}: the port is taken`);
    running.set(`${io.name} ${n}`, io);
    const stop = async (): Promise<void> => void history.push(`${io.name} ${n} stops`);
    return Promise.resolve({ stop });
  },
});

let harness: LaneHarness;

beforeEach(async () => {
  harness = await LaneHarness.open();
  running.clear();
  history.length = 0;
});
afterEach(() => harness.close());

async function open(first: string) {
  const folder = await temporaryFolder();
  const save = (text: string): Promise<void> => writeFile(path.join(folder, 'rules.yaml'), text);
  await save(first);
  const { store, clock, lanes } = harness;
  const log = pino({ level: 'silent' });
  const tools = { ...known, sources: [fragile] };
  const live = new Live(folder, { env: {}, tools, scrubber: new Scrubber() });
  const delivered: ReloadView[] = [];
  const ids = (): string => newId(clock.now());
  const common = { store, clock, live: () => live.ruleset, newId: ids, log };
  const intake = new Intake({ ...common, onAccepted: () => undefined, observe: () => [] });
  const sources = new RunningSources({
    instance: 'here',
    isShared: false,
    ...common,
    types: [fragile],
    writes: NO_WRITES,
    intake,
    onStatusChange: () => undefined,
    onMissed: () => undefined,
  });
  const timers = new Timers({ ...common, onWake: () => undefined });
  const reloading = new Reloading({
    live,
    sources,
    lanes,
    listeners: { apply: () => undefined },
    timers,
    test: async () => [],
    keep: async () => {},
    reported: [],
    log,
    audit: { record: async () => {} },
    generations: { record: () => undefined },
    onEnd: (result) => delivered.push(result),
  });
  const prepared = await live.prepare();
  if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared));
  live.swap(prepared);
  await lanes.apply(prepared.ruleset.channels);
  await (await sources.prepare(prepared.ruleset.sources)).commit();
  return { save, live, sources, reloading, delivered };
}

const rules = (a: string, title: string, more = ''): string => `channels: { ops: { type: sink } }
sources: { a: { type: fragile, ${a} }, ${more} z: { type: fragile, n: 1 } }
rules: [{ name: r, on: [a, z], message: { title: "${title}" }, notify: ops }]\n`;

async function emits(source: string): Promise<string[]> {
  harness.sent.length = 0;
  await running.get(source)!.emit({ type: 'fragile' });
  await harness.clock.advance(0);
  return harness.sent.map(({ title }) => title);
}

test('a source that fails to start during an activation leaves the old generation in force, and is reported', async () => {
  const { save, live, sources, reloading, delivered } = await open(rules('n: 1', 'old'));
  const { ruleset } = live;
  history.length = 0;
  await save(rules('n: 2', 'new', 'b: { type: fragile, n: 1 }, c: { type: fragile, n: 1, throws: true },'));
  const result = await reloading.reload('watch');
  expect(result).toMatchObject({ ok: false, generation: 1, added: [], changed: [], removed: [] });
  expect(result.problems).toMatchObject([{ code: 'source.start', message: 'c: the port is taken' }]);
  expect(delivered).toEqual([result]);
  // New sources are stopped again, and the old ones continue with the old rules.
  expect(history).toEqual(['a 2 starts', 'b 1 starts', 'c 1 starts', 'a 2 stops', 'b 1 stops']);
  expect(live.ruleset).toBe(ruleset);
  expect(live.generation).toBe(1);
  expect(sources.status().map(({ name }) => name)).toEqual(['a', 'z']);
  expect(await emits('a 1')).toEqual(['old']);
  expect(await emits('z 1')).toEqual(['old']);

  history.length = 0;
  expect((await reloading.reload('watch')).ok).toBe(false);
  await save(rules('n: 2', 'new', 'b: { type: fragile, n: 1 }, c: { type: fragile, n: 1 },'));
  history.length = 0;
  expect(await reloading.reload('watch')).toMatchObject({ ok: true, generation: 2, added: ['source b', 'source c'] });
  expect(history).toEqual(['a 2 starts', 'b 1 starts', 'c 1 starts', 'a 1 stops']);
  expect(await emits('a 2')).toEqual(['new']);
  expect(await emits('c 1')).toEqual([]);
  expect(await emits('z 1')).toEqual(['new']);
});
