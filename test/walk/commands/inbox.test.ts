import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const RULES = `
channels: { out: { type: log } }
rules: [{ name: any, on: api, message: { title: "{{ type }}" }, notify: out }]
`;
const EVENT = JSON.stringify({ id: 'good', type: 'backup.done', time: '2026-11-23T09:00:00Z', data: null });

let home: Home;

beforeEach(async () => {
  home = await Home.make();
  await home.rules(RULES);
  await mkdir(home.path('state', 'inbox'), { recursive: true });
});
afterEach(() => home.close());

const inInbox = (name: string): string => home.path('state', 'inbox', name);
const readiness = (): Promise<{ status: number; body: { ready: boolean; reasons: string[] } }> =>
  home.call('GET', '/readyz');
const audit = async (): Promise<{ code: number; violations: string[] }> => {
  const { code, stdout } = await home.belfry(['audit', '--json']);
  return { code, violations: (JSON.parse(stdout) as { violations: string[] }).violations };
};

test.each([
  [
    'a FIFO',
    'a.json',
    (file: string) => execFileSync('mkfifo', [file]),
    'it is a FIFO, not a regular file; move it away',
  ],
  ['a directory', 'a.json', (file: string) => mkdir(file), 'it is a directory, not a regular file; move it away'],
  [
    'a file of another name',
    'a.txt',
    (file: string) => writeFile(file, EVENT),
    'its name does not end in `.json`, so it is not read; rename or remove it',
  ],
])('%s in the inbox does not stop a start, and is reported until it is gone', async (_what, name, make, why) => {
  await make(inInbox(name));
  await writeFile(inInbox('b.json'), EVENT);
  const trouble = `inbox: ${inInbox(name)}: ${why}`;
  await home.start();
  await home.logged((line) => line.msg === 'backup.done');
  await home.logged((line) => line.level === 'error' && line.msg === trouble);
  expect(await readdir(home.path('state', 'inbox'))).toEqual([name]);
  expect(await readiness()).toMatchObject({ status: 200, body: { ready: true, reasons: [trouble] } });
  expect(await audit()).toEqual({ code: 1, violations: [trouble] });

  await rm(inInbox(name), { recursive: true });
  await home.logged((line) => line.msg === 'inbox: all files can be read again');
  expect(await readiness()).toMatchObject({ body: { reasons: [] } });
  expect(await audit()).toEqual({ code: 0, violations: [] });
});

test('an invalid event is set aside, and reported while it exists', async () => {
  await writeFile(inInbox('a.json'), 'not JSON');
  const trouble = `inbox: ${inInbox('a.json.bad')}: it is not an event; correct it and remove \`.bad\` from its name, or delete it`;
  await home.start();
  await home.logged((line) => line.msg === trouble);
  expect(await readiness()).toMatchObject({ body: { ready: true, reasons: [trouble] } });
  await home.stop();
  expect(await audit()).toEqual({ code: 1, violations: [trouble] });
  await home.start();
  expect(await readiness()).toMatchObject({ body: { ready: true, reasons: [trouble] } });
});

test('an inbox that is not a folder is reported', async () => {
  await rm(home.path('state', 'inbox'), { recursive: true });
  await writeFile(home.path('state', 'inbox'), '');
  await home.start();
  const trouble = `inbox: ${home.path('state', 'inbox')}: it is not a folder; move it away`;
  expect(await readiness()).toMatchObject({ body: { ready: true, reasons: [trouble] } });
});

test('an event that waits for the next start is not a violation', async () => {
  await home.start();
  await home.stop();
  expect(await home.belfry(['emit', 'backup.done'])).toMatchObject({ code: 0 });
  expect(await audit()).toEqual({ code: 0, violations: [] });
});

test('many unreadable files are summarized', async () => {
  for (let number = 10; number < 30; number += 1) await writeFile(inInbox(`${number}.txt`), '');
  await home.start();
  const { body } = await readiness();
  expect(body.reasons).toHaveLength(11);
  expect(body.reasons.at(-1)).toBe(`inbox: 10 more like these in ${home.path('state', 'inbox')}`);
});
