import { open, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Home } from '../support/daemon.ts';

let home: Home;
beforeEach(async () => {
  home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules('channels:\n  console: { type: log }\nrules:\n  - { name: all, on: api, notify: [console] }\n');
  await home.start();
  for (let count = 0; count < 30; count += 1)
    await home.call('POST', '/v1/events', { type: 't', data: 'x'.repeat(20_000) });
});

const MESSAGE =
  /^belfry: .*belfry\.db is malformed: .*; first seen at \d{4}-\d\d-\d\dT.*`belfry restore FILE` with the last backup/m;

test('a start on a malformed database ends with 78: which file, since when, what to do', async () => {
  await home.stop();
  const file = home.path('state', 'belfry.db');
  await writeFile(file, (await readFile(file)).subarray(0, 8192));
  const { code, stderr } = await home.belfry(['run']);
  expect([code, stderr]).toEqual([78, expect.stringMatching(MESSAGE)]);
  expect(stderr).not.toMatch(/disk/);
  const again = await home.belfry(['run']);
  expect(again.stderr).toBe(stderr);
});

test('damage that a running daemon reads ends it with 78, and audit names it before', async () => {
  // The pages of the log come into the database file by a backup.
  expect((await home.belfry(['backup', 'b.tar'])).code).toBe(0);
  const database = await open(home.path('state', 'belfry.db'), 'r+');
  onTestFinished(() => database.close());
  await database.write(Buffer.alloc(60 * 4096, 0xa5), 0, 60 * 4096, 20 * 4096);
  const audit = await home.belfry(['audit']);
  expect([audit.code, audit.stdout]).toEqual([1, expect.stringContaining('belfry.db is malformed')]);
  expect((await home.call('POST', '/v1/events', { type: 't' })).status).toBe(202);
  const exited = home.exited();
  const read = home.belfry(['events', '--limit', '100']);
  expect(await exited).toBe(78);
  expect((await read).code).not.toBe(0);
  expect(home.output).toMatch(MESSAGE);
  expect(home.output).not.toContain('    at ');
});
