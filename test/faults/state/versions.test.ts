import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SCHEMA_VERSION } from '../../../daemon/store/sqlite/engine/schema.ts';
import { openFixture } from '../../support/daemon-fixture.ts';
import { build, ended, start } from '../../store/process/built.ts';
import { clockSkipped, FakeClock } from '../support/clock.ts';
import { makeOldState, setVersion, storedRows, versionOf, WRITTEN_AT } from '../support/old-state.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds } from '../support/report.ts';
import { hasStrace } from '../support/strace.ts';

const FIRST_FINAL = 3;
const VERSIONS = Array.from({ length: SCHEMA_VERSION }, (_, index) => index + 1);
/** Distance of the writes at which a migration is killed. */
const STRIDE = ROUNDS >= 20 ? 1 : 20;
/** First version with alerts, timers and silences. */
const FIRST_WITH_FLOW = 2;

/** The rules of the fixtures. */
const rulesOf = (origin: string): string => `channels:
  good: { type: webhook, url: "${origin}/good" }
  gone: { type: webhook, url: "${origin}/gone" }
  busy: { type: webhook, url: "${origin}/busy", delivery: { retry: [12h, 12h], give_up_after: 240h } }
  push: { type: websocket, to: [ann], keep: 7d }
rules:
  - { name: good, on: api, match: { type: good }, notify: good }
  - { name: gone, on: api, match: { type: gone }, notify: gone }
  - { name: busy, on: api, match: { type: busy }, notify: busy }
  - { name: push, on: api, match: { type: push }, notify: push }
  - { name: throttled, on: api, match: { type: thr }, key: "{{ subject }}", throttle: { max: 1, per: 12h }, notify: good }
  - { name: alert, on: api, match: { type: down }, key: "{{ subject }}", resolve: { match: { type: up } }, notify: good }
  - { name: late, on: api, match: { type: late }, for: 1h, notify: good }
  - { name: digest, on: api, match: { type: dig }, digest: { every: 12h }, notify: good }
`;

/** Hash of every file of a folder, by its path. */
function hashes(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const files = names.filter((name) => statSync(path.join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(path.join(folder, name)))
        .digest('hex'),
    ]),
  );
}

describe.skipIf(clockSkipped !== '')(`a state directory of an earlier schema version${clockSkipped}`, () => {
  test.each(VERSIONS)(
    'of version %i loses no event, delivery, dead letter, known id, timer or silence',
    async (version) => {
      const fixture = await openFixture(onTestFinished);
      const { home, receiver } = fixture;
      makeOldState(home.path('state'), version);
      const before = storedRows(home.path('state'));
      const owed = before.deliveries.filter(({ state, channel }) => state < FIRST_FINAL && channel === 'busy');
      new FakeClock(home, WRITTEN_AT - Date.now());
      await home.rules(rulesOf(receiver.origin));
      await home.start();
      const status = (await home.call<Record<string, Record<string, number>>>('GET', '/v1/status')).body;
      expect(status['deliveries']).toMatchObject({ pending: owed.length, sending: 1, dead: 3 });
      if (version >= FIRST_WITH_FLOW) {
        expect(status['alerts']).toMatchObject({ firing: 1 });
        expect(status['silences']).toMatchObject({ active: 1 });
        expect(JSON.stringify(status['waiting'])).toMatch(/late.*digest|digest.*late/);
      }
      for (const id of before.events)
        expect([id, (await home.call('GET', `/v1/events/${id}`)).status]).toEqual([id, 200]);
      for (const { id } of before.deliveries)
        expect([id, (await home.call('GET', `/v1/deliveries/${id}`)).status]).toEqual([id, 200]);
      const known = { type: 'good', source: 'ci', id: 'chosen-1' };
      expect((await home.call('POST', '/v1/events', known)).body).toEqual({
        events: [{ id: 'chosen-1', duplicate: true }],
      });
      const again = await home.call<{ events: { id: string }[] }>(
        'POST',
        '/v1/events',
        { type: 'good' },
        { 'idempotency-key': 'once-1' },
      );
      expect(before.events).toContain(again.body.events[0]!.id);
      await fixture.post({ type: 'thr', subject: 't' });
      for (const { id } of owed) await home.call('POST', `/v1/deliveries/${id}/retry`);
      await receiver.until(({ channel }) => channel === 'busy', owed.length);
      expect(receiver.got.map(({ id, title }) => ({ id, title })).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
        owed.map(({ id, title }) => ({ id, title })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      );
      expect(await home.deadLetters()).toHaveLength(3);
      const resent = await home.belfry(['dead', 'resend', '--all', '--to', 'good', '--yes']);
      expect(resent).toMatchObject({ code: 0 });
      expect(await home.deadLetters()).toEqual([]);
      await fixture.audited();
      expect(await home.stop()).toBe(0);
      new Rounds(`state of schema version ${version}`, ['I20']).end([], '');
      expect(versionOf(home.path('state'))).toBe(SCHEMA_VERSION);
    },
  );
});

test('a migration that is killed at one of its writes is made again at the next start, and loses nothing', async (context) => {
  if (!hasStrace()) return context.skip('needs the Debian package strace');
  const built = await build();
  onTestFinished(() => built.remove());
  const root = mkdtempSync(path.join(tmpdir(), 'belfry-versions-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const rounds = new Rounds('kill -9 in a migration', ['I20']);
  let kills = 0;
  for (const version of VERSIONS.filter((one) => one < SCHEMA_VERSION)) {
    for (let call = 1 + Math.floor(Math.random() * STRIDE); ; call += STRIDE) {
      const state = path.join(root, `${version}-${call}`);
      makeOldState(state, version);
      const before = storedRows(state);
      const paths = ['belfry.db', 'belfry.db-wal', 'belfry.db-journal'].flatMap((name) => [
        '-P',
        path.join(state, name),
      ]);
      const inject = `inject=pwrite64,fsync,fdatasync,ftruncate,unlink:signal=SIGKILL:when=${call}`;
      const command = ['strace', '-f', '-qq', '-o', '/dev/null', ...paths, '-e', inject];
      const { lines } = await ended(start(built, state, 'open', { command }));
      // Closed without a kill: all writes of the migration have been tried.
      if (lines.includes('closed')) break;
      kills += 1;
      const second = await ended(start(built, state, 'open'));
      expect([version, call, second.lines, second.code]).toEqual([version, call, ['open', 'closed'], 0]);
      expect([version, call, versionOf(state), storedRows(state)]).toEqual([version, call, SCHEMA_VERSION, before]);
      rounds.end([], `version ${version}, write ${call}`);
      await rm(state, { recursive: true });
    }
  }
  process.stderr.write(
    `migration: ${kills} kills, at every ${STRIDE}. write of the migrations of ${SCHEMA_VERSION - 1} versions\n`,
  );
  expect(kills).toBeGreaterThanOrEqual(SCHEMA_VERSION - 1);
});

test('a state directory of a newer version ends the start with 78, and no file in it is changed', async () => {
  const { home, receiver } = await openFixture(onTestFinished);
  const state = home.path('state');
  await home.rules(rulesOf(receiver.origin));
  makeOldState(state, SCHEMA_VERSION);
  setVersion(state, SCHEMA_VERSION + 1);
  const before = hashes(state);
  const run = await home.belfry(['run']);
  expect([run.code, run.stderr]).toEqual([78, expect.stringContaining('newer version')]);
  expect(hashes(state)).toEqual(before);
});
