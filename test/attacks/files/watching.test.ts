import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import type { Target } from '../support/target.ts';

const run = promisify(execFile);
const PRIVATE = 'the-private-text-of-another-user';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belfry-attacks-'));
  await mkdir(path.join(folder, 'watched'));
  await writeFile(path.join(folder, 'private.txt'), `${PRIVATE}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const at = (...parts: readonly string[]): string => path.join(folder, 'watched', ...parts);

const attack = attacksOn({
  rules: (origin) => `sources:
  watched: { type: files, paths: ["${folder}/watched/**"], settle: 50ms, rescan: 1s, content: 1KiB }
  lined: { type: lines, paths: ["${folder}/watched/*.log"], from: start }
channels:
  shown: { type: webhook, url: "${origin}/shown" }
  logged: { type: log }
rules:
  - { name: shown, on: [watched, lined], notify: [shown, logged], message: { title: "{{ subject }}", body: "{{ data }}" } }
`,
});

/** Resolves when the event of a file has been delivered. */
async function reported({ receiver }: Target, name: string): Promise<void> {
  await receiver.until((got) => got.channel === 'shown' && got.title.endsWith(`/${name}`));
}

const bodies = ({ receiver }: Target): string => receiver.got.map(({ title, body }) => title + body).join('\n');

attack('I7', async (target) => {
  await mkdir(at('a'));
  await symlink('..', at('a', 'up'));
  await symlink('self', at('self'));
  await symlink('/', at('root'));
  await writeFile(at('a', 'once.txt'), 'x');
  await reported(target, 'once.txt');
  await writeFile(at('after-once.txt'), 'x');
  await reported(target, 'after-once.txt');
  expect(
    target.receiver
      .deliveries()
      .filter(({ title }) => title.endsWith('/once.txt'))
      .map(({ title }) => title),
  ).toEqual([at('a', 'once.txt')]);
  expect(bodies(target)).not.toContain('/root/etc');
});

attack('I8', async (target) => {
  await symlink('../private.txt', at('link.txt'));
  await symlink('../private.txt', at('link.log'));
  await writeFile(at('swapped.txt'), 'mine');
  await writeFile(at('swapped.log'), 'mine\n');
  await reported(target, 'swapped.txt');
  for (let round = 0; round < 400; round += 1) {
    const name = round % 2 === 0 ? 'swapped.txt' : 'swapped.log';
    if (round % 4 < 2) await symlink('../private.txt', at('next'));
    else await writeFile(at('next'), `mine ${round}\n`);
    await rename(at('next'), at(name));
  }
  await writeFile(at('after-swaps.txt'), 'x');
  await reported(target, 'after-swaps.txt');
  expect(bodies(target)).not.toContain(PRIVATE);
  expect(target.home.output).not.toContain(PRIVATE);
});

attack('I9', async (target) => {
  const names = [
    'a\nb',
    '\u001b[31mred\u001b]8;;evil.test\u0007',
    '{{ 6 | times: 7 }}',
    '-rf',
    `${'x'.repeat(251)}.txt`,
    '$(id)',
    'a\u202eb',
    '*',
    '[a]',
  ];
  for (const name of names) await writeFile(at(name), 'x');
  await writeFile(Buffer.concat([Buffer.from(at('latin-')), Buffer.from([0xe9, 0xff])]), 'x');
  for (const name of names) await target.receiver.until(({ body }) => body.includes(JSON.stringify(at(name))));
  // A title has no invisible characters; the path in the body is whole.
  const paths = target.receiver
    .deliveries()
    .flatMap(({ rule, body }) =>
      rule === 'shown' && body.startsWith('{"path"') ? [(JSON.parse(body) as { path: string }).path] : [],
    );
  for (const name of names) expect([name, paths.filter((one) => one === at(name)).length]).toEqual([name, 1]);
  expect(target.home.output).not.toContain('\u001b[31m');
});

attack('I12', async (target) => {
  await run('mkfifo', [at('fifo')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  await symlink('/dev/zero', at('zero'));
  await symlink('/dev/zero', at('zero.log'));
  await writeFile(at('sparse'), '');
  await truncate(at('sparse'), 1e12);
  await writeFile(at('after-devices.txt'), 'x');
  await reported(target, 'after-devices.txt');
  await reported(target, 'sparse');
  const sparse = target.receiver.got.find(({ title }) => title.endsWith('/sparse'))!;
  expect(sparse.body.length).toBeLessThan(5000);
  for (const name of ['fifo', 'socket', 'zero'])
    expect(
      target.receiver.got.filter(({ title, body }) => title.endsWith(`/${name}`) && body.includes('"content"')),
    ).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
});

attack('I14', async (target) => {
  for (const [name, year] of [
    ['old.txt', 0],
    ['new.txt', Date.UTC(2100, 0) / 1000],
  ] as const) {
    await writeFile(at(`.${name}`), 'x');
    await utimes(at(`.${name}`), year, year);
    await rename(at(`.${name}`), at(name));
    await reported(target, name);
  }
  await writeFile(at('after-years.txt'), 'x');
  await reported(target, 'after-years.txt');
  for (const name of ['old.txt', 'new.txt'])
    expect(target.receiver.deliveries().filter(({ title }) => title === at(name))).toHaveLength(1);
});
