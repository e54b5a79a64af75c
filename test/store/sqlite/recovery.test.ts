import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { type Built, build, ended, start } from '../process/built.ts';
import { brokenPromises } from '../process/promises.ts';
import {
  ATTEMPT,
  FAILED,
  HOUR,
  NOW,
  RECEIPT,
  claim,
  decision,
  event,
  idsClaimed,
  newDelivery,
  ingest,
  ingestMany,
  ingestDead,
} from '../contract/samples.ts';

let root: string;
let built: Built;
let path: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'belfry-recovery-'));
  built = await build();
});
afterAll(async () => {
  await built.remove();
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  path = await mkdtemp(join(root, 'state-'));
});

const open = (): Promise<Store> => openStore({ path, reserve: 64 * 1024 });
async function reopened(store: Store): Promise<Store> {
  await store.close();
  return open();
}

describe('a store that is closed and opened again', () => {
  it('recognizes duplicates of events from before the restart', async () => {
    const ids = Array.from({ length: 1500 }, (_, index) => `run-${index}`);
    let store = await open();
    expect(new Set(await Promise.all(ids.map((id) => isKnown(store, id))))).toEqual(new Set([false]));
    for (const round of ['first', 'second']) {
      store = await reopened(store);
      expect([round, new Set(await Promise.all(ids.map((id) => isKnown(store, id))))]).toEqual([
        round,
        new Set([true]),
      ]);
    }
    expect((await store.audit(new Set())).violations).toEqual([]);
    await store.close();
  });

  it('keeps pending deliveries in order, with their retries and waits for receipts', async () => {
    let store = await open();
    const [retried, waiting, done, fresh] = await ingestMany(store, 4, (index) => ({ key: `k${index}` }));
    await claim(store);
    await store.deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + 2 });
    await store.deliveries.settle(waiting!.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    await store.deliveries.settle(done!.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    store = await reopened(store);
    expect(store.deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    expect(store.deliveries.counts().byChannel.get('ops')).toMatchObject({ pending: 2, sending: 1 });
    expect(await idsClaimed(store, { now: NOW + 2 })).toEqual([fresh!.id, retried!.id]);
    expect(store.deliveries.nextExpiry('ops')).toBe(NOW + HOUR);
    await store.deliveries.settle(waiting!.id, { state: 'delivered', receipt: RECEIPT });
    expect((await store.deliveries.find(waiting!.id))?.delivery.attempts).toEqual([ATTEMPT]);
    await store.close();
  });

  it('holds back deliveries after one of their key that waits for a retry', async () => {
    let store = await open();
    const [first] = await ingestMany(store, 3);
    await claim(store, { ordered: true });
    await store.deliveries.settle(first!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    store = await reopened(store);
    expect(await idsClaimed(store, { ordered: true })).toEqual([]);
    expect(await idsClaimed(store, { ordered: true, now: NOW + HOUR })).toEqual([first!.id]);
    await store.close();
  });

  it('keeps the due times set by retryNow', async () => {
    let store = await open();
    const [retried] = await ingestMany(store, 2, (index) => ({ dueAt: NOW + index * HOUR }));
    await claim(store);
    await store.deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    await store.deliveries.retryNow('ops', NOW + 1);
    store = await reopened(store);
    expect(store.deliveries.nextDue('ops')).toBe(NOW + 1);
    expect(await idsClaimed(store, { now: NOW + 1 })).toEqual([retried!.id]);
    await store.close();
  });

  it('keeps states, checkpoints, ids, Idempotency-Keys and pushes', async () => {
    let store = await open();
    const chosen = event({ id: 'chosen' });
    const state = { rule: 'r', key: 'k', step: 's', value: { n: 1 }, expires: NOW + HOUR };
    const batch = {
      arrivals: [
        { event: chosen, mayRepeat: true, checkpoints: [{ scope: 's', entries: [{ key: 'k', value: 'v' }] }] },
      ],
      idempotency: { key: 'key', bodyHash: 'h' },
      now: NOW,
    };
    const [first] = await store.transact(batch, () => decision([newDelivery(chosen, { id: 'mine' })], [state]));
    const push = { delivery: 'd', to: ['ann'], require: 'any', frame: 'f', at: NOW, keepUntil: NOW + HOUR } as const;
    await store.pushes.append(push);
    const { epoch } = store.pushes;
    store = await reopened(store);
    const repeated = { id: 'chosen', duplicate: true, deliveries: first!.deliveries };
    expect(await store.transact(batch, () => decision())).toEqual([repeated]);
    const { idempotency: _, ...unkeyed } = batch;
    const arrivals = [{ event: chosen, mayRepeat: true, isSame: (one: Event) => one.subject !== chosen.subject }];
    await expect(store.transact({ arrivals, now: NOW }, () => decision())).rejects.toMatchObject({
      code: 'store.conflict',
    });
    expect(await store.transact(unkeyed, () => decision())).toEqual([repeated]);
    let seen: unknown;
    await store.transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, (_, memory) => {
      seen = memory.read('r', 'k', 's');
      return decision();
    });
    expect(seen).toEqual({ n: 1 });
    expect(await store.checkpoints.read('s')).toEqual(new Map([['k', 'v']]));
    expect([store.pushes.epoch, store.pushes.head()]).toEqual([epoch, 1]);
    await claim(store);
    await store.deliveries.settle('mine', { state: 'delivered', receipt: RECEIPT });
    expect((await store.deliveries.find('mine'))?.state).toBe('delivered');
    await store.close();
  });

  it('settles deliveries whose push was acknowledged just before the end', async () => {
    let store = await open();
    const [made] = await ingestMany(store, 1);
    await claim(store);
    await store.deliveries.settle(made!.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    const push = {
      delivery: made!.id,
      to: ['ann'],
      require: 'any',
      frame: 'f',
      at: NOW,
      keepUntil: NOW + HOUR,
    } as const;
    const seq = await store.pushes.append(push);
    expect(await store.pushes.ack('ann', seq, NOW)).toEqual([made!.id]);
    store = await reopened(store);
    expect((await store.deliveries.find(made!.id))?.state).toBe('delivered');
    expect(store.deliveries.channels()).toEqual([]);
    await store.close();
  });

  it('distinguishes rule states whose keys differ in characters that SQLite text cannot hold', async () => {
    let store = await open();
    const keys = ['a\u0000b', 'a\u0000c', '\ud800', '\ud801'];
    const states = keys.map((key) => ({ rule: 'r', key, step: 's', value: key, expires: NOW + HOUR }));
    await store.transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, () => decision([], states));
    store = await reopened(store);
    const seen: unknown[] = [];
    await store.transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, (_, memory) => {
      for (const key of keys) seen.push(memory.read('r', key, 's'));
      return decision();
    });
    expect(seen).toEqual(keys);
    await store.close();
  });

  it('accepts new events after the clock was set back', async () => {
    let store = await open();
    const late = NOW + 1000 * HOUR;
    const future = { ...event(), id: '019f0000-0000-7000-8000-000000000000' };
    await store.transact({ arrivals: [{ event: future, mayRepeat: false }], now: late }, () => decision());
    store = await reopened(store);
    const made = await ingestMany(store, 3);
    for (const one of made) expect((await store.event(one.event.id))?.event).toEqual(one.event);
    expect(await idsClaimed(store)).toEqual(made.map(({ id }) => id));
    expect((await store.audit(new Set())).violations).toEqual([]);
    await store.close();
  });

  it('refuses every call after close, and closes twice', async () => {
    const store = await open();
    await ingestMany(store, 1);
    const last = ingest(store, [newDelivery(event())]);
    await store.close();
    await expect(last).resolves.toMatchObject({ duplicate: false });
    await store.close();
    await expect(ingest(store)).rejects.toMatchObject({ code: 'store.closed' });
    await expect(claim(store)).rejects.toMatchObject({ code: 'store.closed' });
    await expect(store.event('x')).rejects.toMatchObject({ code: 'store.closed' });
  });
});

describe('the state directory', () => {
  it('is accessible to its owner only, with all files in it', async () => {
    path = join(path, 'deep', 'state');
    const store = await open();
    await ingestMany(store, 1);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const files = readdirSync(path);
    expect(files).toContain('belfry.db');
    for (const file of files) expect([file, statSync(join(path, file)).mode & 0o777]).toEqual([file, 0o600]);
    await store.close();
  });

  it('is not opened or changed when a newer version wrote it', async () => {
    await (await open()).close();
    const file = join(path, 'belfry.db');
    const db = new Database(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(file);
    await expect(open()).rejects.toMatchObject({ code: 'store.newer', exit: 78 });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is locked by one store within a process', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'store.locked', exit: 75 });
    await ingestMany(store, 1);
    await store.close();
    await (await open()).close();
  });

  it('is locked by one process, and free at once after that process was killed', async () => {
    const holder = start(built, path, 'hold');
    const killed = ended(holder, () => undefined);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const second = await ended(start(built, path, 'hold'));
    expect(second).toMatchObject({ lines: ['refused store.locked'], code: 75 });
    await expect(open()).rejects.toMatchObject({ code: 'store.locked', exit: 75 });
    holder.kill('SIGKILL');
    await killed;
    const store = await open();
    await ingestMany(store, 1);
    await store.close();
  });
});

describe('a process that is killed while it commits', () => {
  it('prints every promise, also when the reader is slow', async () => {
    const child = start(built, path, 'print');
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { lines, code, errors } = await ended(child);
    expect({ code, errors, count: lines.length }).toEqual({ code: 0, errors: '', count: 20_000 });
    expect(lines.every((line, index) => line.startsWith(`line ${index + 1} x`))).toBe(true);
  });

  it('loses nothing that was promised', async () => {
    for (const promises of [1, 40, 333]) {
      const child = start(built, path, 'work');
      const { lines, signal, errors } = await ended(child, (count) => {
        if (count === promises + 1) child.kill('SIGKILL');
      });
      expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
      expect(lines.length).toBeGreaterThan(promises);
      const store = await open();
      expect(await brokenPromises(lines, store)).toEqual([]);
      await store.close();
    }
  });
});

describe('a full disk', () => {
  it('refuses new events, settles deliveries, loses nothing, and goes on when there is space', async (ctx) => {
    const mount = join(path, 'small');
    mkdirSync(mount);
    if (!mountSmall(mount)) return ctx.skip('mounting a small tmpfs needs root (and the Debian package mount)');
    try {
      const state = join(mount, 'state');
      const store = await openStore({ path: state });
      const accepted = await fill(store);
      await expect(ingest(store, [newDelivery(event({ data: 'x'.repeat(50_000) }))])).rejects.toMatchObject({
        code: 'store.full',
      });
      const [first, second] = await claim(store, { limit: 2 });
      await store.deliveries.settle(first!.id, { state: 'delivered', receipt: RECEIPT });
      await store.deliveries.settle(second!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
      await rm(join(mount, 'ballast'));
      const after = await ingest(store, [newDelivery(event())]);
      expect(await counted(store)).toBe(accepted.length);
      expect((await store.audit(new Set())).violations).toEqual([]);
      await store.close();
      const again = await openStore({ path: state });
      for (const id of [...accepted, after.id]) expect(await again.event(id)).toBeDefined();
      expect((await again.deliveries.find(first!.id))?.state).toBe('delivered');
      expect((await again.audit(new Set())).violations).toEqual([]);
      await again.close();
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  });
});

function mountSmall(mount: string): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', mount], { stdio: 'ignore' });
    writeFileSync(join(mount, 'ballast'), Buffer.alloc(10 * 1024 * 1024));
    chmodSync(mount, 0o700);
    return true;
  } catch {
    return false;
  }
}

/** Value of the rule state of `fill`, which counts accepted events and no refused one. */
async function counted(store: Store): Promise<unknown> {
  let count: unknown;
  await store.transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, (_, memory) => {
    count = memory.read('r', 'k', 's');
    return decision();
  });
  return count;
}

/** Stores events until one is refused; returns the ids of the accepted ones. */
async function fill(store: Store): Promise<string[]> {
  const accepted: string[] = [];
  let refused = false;
  const one = async (): Promise<void> => {
    while (!refused) {
      const made = event({ data: 'x'.repeat(20_000) });
      try {
        await store.transact({ arrivals: [{ event: made, mayRepeat: false }], now: NOW }, (_, memory) => {
          const count = Number(memory.read('r', 'k', 's') ?? 0) + 1;
          return decision([newDelivery(made)], [{ rule: 'r', key: 'k', step: 's', value: count, expires: NOW + HOUR }]);
        });
        accepted.push(made.id);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store.full' });
        refused = true;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return accepted;
}

/** SQL that removes the tables of the history index. */
const WITHOUT_INDEX = ['event_blocks', 'delivery_blocks', 'later_terms', 'ended_otherwise', 'rule_hours', 'last_uses']
  .map((table) => `DROP TABLE ${table};`)
  .join('\n');

describe('a state directory of version 4', () => {
  it('has the index of its history built in the background, with what is counted of it', async () => {
    const before = await open();
    const dead = await ingestDead(before);
    for (let count = 0; count < 9; count += 1) await ingest(before, [newDelivery(event())]);
    await before.close();
    const database = new Database(join(path, 'belfry.db'));
    database.exec(`${WITHOUT_INDEX}\nPRAGMA user_version = 4;`);
    database.close();
    const store = await openStore({ path, blockRows: 4 });
    const query = { limit: 50, order: 'asc' } as const;
    for (let round = 0; round < 5; round += 1) {
      expect((await store.events({ ...query, rule: 'deploys' })).items).toHaveLength(10);
      const { items } = await store.deliveries.page({ ...query, states: ['dead'] });
      expect(items.map(({ delivery }) => delivery.id)).toEqual([dead.id]);
      const { rules } = await store.activity(NOW);
      expect(rules.get('deploys')).toMatchObject({ lastMatch: NOW, hours: [{ at: NOW, outcomes: { notified: 10 } }] });
    }
    await store.close();
    const after = new Database(join(path, 'belfry.db'));
    const blocks = ['event_blocks', 'delivery_blocks'].map((table) => after.prepare(`SELECT rows FROM ${table}`).all());
    expect(blocks).toEqual([
      [{ rows: 4 }, { rows: 4 }],
      [{ rows: 4 }, { rows: 4 }],
    ]);
    after.close();
  });
});

describe('a state directory of version 1', () => {
  it('is migrated with everything in it', async () => {
    const made = await versionOne();
    const store = await open();
    expect(await store.event(made.id)).toMatchObject({
      outcomes: { deploys: 'notified' },
      results: [{ rule: 'deploys', outcome: 'notified' }],
      later: [],
    });
    expect(await isKnown(store, 'build-1')).toBe(true);
    expect(await isKnown(store, 'build-2')).toBe(false);
    expect(store.memory(NOW).read('r', 'k', 'throttle')).toEqual({ at: [1] });
    await store.applyDecision(NOW, () => ({
      results: [],
      states: [{ rule: 'r', key: 'k', step: 'for', value: 1, expires: NOW + HOUR, wake: NOW + 5 }],
      deliveries: [],
    }));
    await store.close();
    const again = await open();
    expect(again.timers.next()).toBe(NOW + 5);
    expect((await again.audit(new Set())).violations).toEqual([]);
    await again.close();
  });
});

/** Stores an event with an id chosen by its sender; returns whether it was a duplicate. */
async function isKnown(store: Store, id: string): Promise<boolean> {
  const arrivals = [{ event: event({ id, source: 'ci' }), mayRepeat: true }];
  const [accepted] = await store.transact({ arrivals, now: NOW }, () => decision());
  return accepted!.duplicate;
}

/** Makes a state directory of version 1: `outcomes` as a map, `states` without `wake`, all names in `event_names`. */
async function versionOne(): Promise<Event> {
  const store = await open();
  const made = event();
  await ingest(store, [newDelivery(made)], made);
  await isKnown(store, 'build-1');
  await store.close();
  const database = new Database(join(path, 'belfry.db'));
  database.exec(`
    DROP TABLE states;
    CREATE TABLE states(
      rule TEXT NOT NULL, key TEXT NOT NULL, step TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER NOT NULL,
      PRIMARY KEY (rule, key, step)) WITHOUT ROWID;
    INSERT INTO states VALUES ('r', 'k', 'throttle', '{"at":[1]}', ${NOW + HOUR});
    UPDATE events SET outcomes = '{"deploys":"notified"}';
    INSERT INTO event_names SELECT * FROM names;
    DROP VIEW names;
    DROP TABLE new_names;
    DROP TABLE exchanges;
    ${WITHOUT_INDEX}
    PRAGMA user_version = 1;`);
  database.close();
  return made;
}
