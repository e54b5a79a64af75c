import Database from 'libsql';
import { expect } from 'vitest';
import { Home } from './daemon.ts';
import type { DaemonFixture } from './daemon-fixture.ts';

const BATCH = 50;
const BATCH_EVERY_MS = 50;
/** Batches without an answer. */
const MAX_IN_FLIGHT = 20;
/** One of these kinds is taken for each event in turn. */
const KINDS = ['plain', 'plain', 'plain', 'plain', 'held', 'sent', 'sent', 'bad', 'late', 'firing'] as const;

/** Starts a daemon whose events are delivered, die, wait for a channel on hold, wait in `for`, open alerts, and are decided alone. */
export async function startLoad(fixture: DaemonFixture): Promise<Load> {
  const { home, channel, receiver } = fixture;
  receiver.statuses.set('broken', 400);
  await home.rules(`${channel}  broken: { type: webhook, url: "${receiver.origin}/broken" }
  held: { type: webhook, url: "${receiver.origin}/held" }
rules:
  - { name: sent, on: api, match: { type: sent }, notify: [ops] }
  - { name: held, on: api, match: { type: held }, notify: [held] }
  - { name: bad, on: api, match: { type: bad }, notify: [broken] }
  - { name: late, on: api, match: { type: late }, key: "{{ subject }}", for: 1h, notify: [ops] }
  - name: firing
    on: api
    match: { type: firing }
    key: "{{ subject }}"
    resolve: { match: { type: over } }
    notify: [ops]
    repeat: 1s
`);
  await home.start();
  expect((await home.call('POST', '/v1/channels/held/hold', {})).status).toBe(200);
  return new Load(fixture);
}

/** Posts 1,000 events a second, if the machine can, until it is stopped. */
class Load {
  /** Ids of events, in the order of their answers. */
  readonly answered: string[] = [];
  /** Longest time to an answer, milliseconds. */
  slowest = 0;
  readonly #fixture: DaemonFixture;
  readonly #running: Promise<void>;
  #stopping = false;

  constructor(fixture: DaemonFixture) {
    this.#fixture = fixture;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const posts = new Set<Promise<void>>();
    const begin = performance.now();
    for (let batch = 0; !this.#stopping; batch += 1) {
      // A machine that is busy with other things answers less.
      while (posts.size >= MAX_IN_FLIGHT) await Promise.race(posts);
      const post = this.#post(batch).finally(() => posts.delete(post));
      posts.add(post);
      const wait = begin + (batch + 1) * BATCH_EVERY_MS - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    await Promise.all(posts);
  }

  async #post(batch: number): Promise<void> {
    const from = performance.now();
    const events = Array.from({ length: BATCH }, (_, index) => ({
      type: KINDS[index % KINDS.length],
      subject: `s-${batch % 20}`,
      data: { text: 'x'.repeat(300) },
    }));
    const { status, body } = await this.#fixture.home.call<{ events: { id: string }[] }>('POST', '/v1/events', events);
    expect(status).toBe(202);
    for (const { id } of body.events) this.answered.push(id);
    this.slowest = Math.max(this.slowest, performance.now() - from);
  }
}

/** A backup that was made under load. */
export interface MadeBackup {
  readonly file: string;
  /** Number of events that were answered before it began. */
  readonly answered: number;
}

export type { Load };

/** Makes a backup with the CLI. */
export async function makeBackup({ home }: DaemonFixture, load: Load, number: number): Promise<MadeBackup> {
  const answered = load.answered.length;
  const file = home.path(`${number}.tar`);
  expect(await home.belfry(['backup', file])).toMatchObject({ code: 0 });
  return { file, answered };
}

/** Restores a backup into an empty directory and audits it. The caller closes the home. */
export async function restored(load: Load, backup: MadeBackup): Promise<Home> {
  const home = await Home.make();
  await home.rules('');
  expect(await home.belfry(['restore', backup.file])).toMatchObject({ code: 0, stderr: '' });
  const audit = await home.belfry(['audit', '--json']);
  expect(audit).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('"violations":[]') });
  const ids = idsIn(home.path('state', 'belfry.db'));
  expect(load.answered.slice(0, backup.answered).filter((id) => !ids.has(id))).toEqual([]);
  return home;
}

function idsIn(file: string): ReadonlySet<string> {
  const database = new Database(file);
  const rows = database.prepare("SELECT body ->> '$.id' AS id FROM events").all([]) as { id: string }[];
  database.close();
  return new Set(rows.map(({ id }) => id));
}
