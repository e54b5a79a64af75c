import { NO_WRITES } from '../../../daemon/core/event/file-writes.ts';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Intake, type DecidedEvent } from '../../../daemon/app/runtime/intake.ts';
import { RunningSources } from '../../../daemon/app/runtime/sources.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { heartbeat } from '../../../daemon/sources/heartbeat/heartbeat.ts';
import { strict } from '../../../daemon/core/schema/fields.ts';
import { defineSource } from '../../../daemon/sources/source.ts';
import { instanceSetting } from '../../../daemon/sources/watching/settings.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { rulesetOf } from '../../support/compile.ts';
import { sourceSettings } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;

/** Intake, store and sources, connected as in the daemon, on a virtual clock. */
async function opened(written: object) {
  const clock = new VirtualClock('2026-11-23T09:00:00Z');
  const store = await openStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  const ruleset = rulesetOf('rules: []');
  const seen: Event[] = [];
  let arrived = (): void => undefined;
  let ids = 0;
  const intake = new Intake({
    live: () => ruleset,
    store,
    clock,
    newId: () => `e-${(ids += 1)}`,
    onAccepted: ({ event }: DecidedEvent) => {
      seen.push(event);
      arrived();
    },
    observe: (event, at) => sources.observe(event, at),
  });
  const log = pino({ level: 'silent' });
  const sources = new RunningSources({
    instance: 'here',
    isShared: false,
    types: [heartbeat],
    writes: NO_WRITES,
    intake,
    store,
    clock,
    log,
    onStatusChange: () => undefined,
    onMissed: () => undefined,
  });
  const configure = async (settings: object): Promise<void> => {
    const fingerprint = JSON.stringify(settings);
    const config = { name: 'backup', type: 'heartbeat', settings: sourceSettings(heartbeat, settings), fingerprint };
    const change = await sources.prepare(new Map([['backup', config]]));
    await change.commit();
  };
  await configure(written);
  onTestFinished(() => sources.stop());
  const marks = () => store.checkpoints.read('source:backup');
  const beat = async (ending = '') => {
    const path = `/beats/backup${ending}`;
    const request = {
      method: 'GET',
      path,
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(''),
      remote: '',
    };
    return sources.route(path)!.handle(request);
  };
  /** Resolves to the next event that the heartbeat emits. */
  const next = async (advance: number): Promise<Event> => {
    const before = seen.length;
    const came = new Promise<void>((resolve) => {
      arrived = () => (seen.length > before ? resolve() : undefined);
    });
    await clock.advance(advance);
    await came;
    return seen[before]!;
  };
  return { clock, store, intake, sources, configure, marks, beat, next, seen };
}

test('a beat is stored together with its event, and no other event is one', async () => {
  const { intake, marks, sources } = await opened({ every: '10m', match: { type: 'backup.done' } });
  await intake.accept([{ type: 'backup.begun' }]);
  expect((await marks()).has('beat:')).toBe(false);
  await intake.accept([{ type: 'backup.begun' }, { type: 'backup.done' }]);
  expect((await marks()).get('beat:')).toBe(`${Date.parse('2026-11-23T09:00:00Z')}`);
  expect(sources.status()).toEqual([
    { name: 'backup', type: 'heartbeat', state: 'running', detail: 'up, due 2026-11-23T09:10:00.000Z' },
  ]);
});

test('neither events of the heartbeat itself nor events that are decided anew are beats', async () => {
  const { clock, intake, marks, beat, next, seen } = await opened({ every: '10m', grace: '0s', match: {} });
  await beat();
  const missed = await next(10 * MINUTE);
  expect(missed).toMatchObject({ type: 'heartbeat.missed', source: 'backup' });
  await intake.requeue({ ...missed, source: 'api', id: 'old' }, 'letter-1');
  expect((await marks()).get('beat:')).toBe(`${Date.parse('2026-11-23T09:00:00Z')}`);
  await intake.accept([{ type: 'anything' }]);
  await clock.advance(0);
  await beat();
  expect(seen.filter(({ source }) => source === 'backup').map(({ type }) => type)).toEqual([
    'heartbeat.missed',
    'heartbeat.recovered',
  ]);
});

test('an event that is accepted while the settings change is a beat for the new settings', async () => {
  const { intake, configure, sources, clock, beat } = await opened({ every: '10m', match: { type: 'backup.done' } });
  await beat('/start');
  await clock.advance(MINUTE);
  const taking = intake.accept([{ type: 'backup.done' }]);
  await configure({ every: '20m', match: { type: 'backup.done' } });
  await beat('/start');
  await taking;
  expect(sources.status()).toMatchObject([
    { detail: 'up, due 2026-11-23T09:21:00.000Z, running since 2026-11-23T09:01:00.000Z' },
  ]);
});

test('a heartbeat handles the paths below its own, and no others', async () => {
  const { sources } = await opened({ every: '10m' });
  const paths = ['/beats/backup', '/beats/backup/fail', '/beats/backup/a/b', '/beats/backups', '/beats', '/beats/'];
  expect(paths.filter((path) => sources.route(path) !== undefined)).toEqual(paths.slice(0, 3));
});

test('without a source that observes others, an event is shown to none', async () => {
  const { sources } = await opened({ every: '10m' });
  const event: Event = { id: 'e', source: 'api', type: 'a', time: '', data: null };
  expect(sources.observe(event, 0)).toBe(sources.observe({ ...event, id: 'f' }, 0));
});

/** Source that saves its instance as a checkpoint, as sources of files save their offsets. */
const local = defineSource({
  type: 'local',
  summary: 'Reads what is on one machine.',
  settings: strict({ instance: instanceSetting }),
  events: [],
  instance: ({ instance }) => instance,
  async start(_settings, io) {
    await io.saveCheckpoints([{ key: 'offset', value: '1' }]);
    return { stop: () => Promise.resolve() };
  },
});

async function openedLocal(instance: string, store: Store, isShared: boolean) {
  const unused = { clock: new VirtualClock('2026-11-23T09:00:00Z'), log: pino({ level: 'silent' }), writes: NO_WRITES };
  const intake = { accept: () => Promise.reject(new Error('no source emits')) } as unknown as Intake;
  const report = { onStatusChange: () => undefined, onMissed: () => undefined };
  const sources = new RunningSources({ ...unused, ...report, instance, isShared, types: [local], intake, store });
  onTestFinished(() => sources.stop());
  /** Applies sources, by the instance that each names; resolves to the running ones. */
  return async (named: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> => {
    const configs = Object.entries(named).map(([name, of]) => {
      const config = { name, type: 'local', settings: { instance: of }, fingerprint: of ?? '' };
      return [name, of === undefined ? config : { ...config, instance: of }] as const;
    });
    await (await sources.prepare(new Map(configs))).commit();
    return sources.status().map(({ name }) => name);
  };
}

test('a source that names an instance runs there only, also after an edit', async () => {
  const store = await openStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  const apply = await openedLocal('berlin', store, false);
  expect(await apply({ a: undefined, b: 'berlin', c: 'paris' })).toEqual(['a', 'b']);
  expect(await apply({ a: 'paris', b: 'berlin', c: 'berlin' })).toEqual(['b', 'c']);
});

test('in a shared store each instance has its own checkpoints of a source that reads what is on its machine', async () => {
  const store = await openStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  for (const instance of ['berlin', 'paris']) await (await openedLocal(instance, store, true))({ logs: undefined });
  await (await openedLocal('berlin', store, false))({ alone: undefined });
  const scopes = ['source:logs', 'source:logs@berlin', 'source:logs@paris', 'source:alone'];
  const kept = await Promise.all(scopes.map(async (scope) => (await store.checkpoints.read(scope)).size));
  expect(kept).toEqual([0, 1, 1, 1]);
});
