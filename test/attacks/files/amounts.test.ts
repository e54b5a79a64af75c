import { appendFile, copyFile, mkdtemp, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import type { Target } from '../support/target.ts';

/** Each makes two notifications; the kernel keeps 16,384. */
const FILES = 8300;
const ROTATIONS = 8;
const LINES_EACH = 80;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belfry-attacks-'));
  for (const name of ['many', 'log']) await mkdir(path.join(folder, name));
});
afterAll(() => rm(folder, { recursive: true }));

const attack = attacksOn({
  rules: (origin) => `sources:
  many: { type: files, paths: ["${folder}/many/**"], settle: 50ms, rescan: 1s }
  lined: { type: lines, paths: ["${folder}/log/app.log"] }
channels:
  lines: { type: webhook, url: "${origin}/lines" }
rules:
  - { name: lines, on: lined, notify: lines, message: { title: "{{ data.line }}" } }
`,
});

/** Accepted events of a source. */
async function accepted({ home }: Target, source: string): Promise<number> {
  const { body } = await home.call<string>('GET', '/metrics');
  const counts = body.matchAll(new RegExp(`^belfry_events_total\\{source="${source}",outcome="\\w+"\\} (\\d+)$`, 'gm'));
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

attack('I11', async (target) => {
  const { home } = target;
  home.signal('SIGSTOP');
  for (let at = 0; at < FILES; at += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, more) => writeFile(path.join(folder, 'many', `${at + more}.txt`), 'x')),
    );
  home.signal('SIGCONT');
  await expect.poll(() => accepted(target, 'many'), { timeout: 60_000 }).toBe(FILES);
  await writeFile(path.join(folder, 'many', 'after.txt'), 'x');
  await expect.poll(() => accepted(target, 'many'), { timeout: 30_000 }).toBe(FILES + 1);
});

attack('I13', async (target) => {
  const { receiver } = target;
  const file = path.join(folder, 'log', 'app.log');
  let written = 0;
  const isRead = (): Promise<void> => expect.poll(() => accepted(target, 'lined'), { timeout: 30_000 }).toBe(written);
  const append = async (): Promise<void> => {
    written += 1;
    await appendFile(file, `line ${written}\n`);
  };
  // A file that is renamed before it was ever seen is no watched file.
  await append();
  await isRead();
  for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
    for (let more = 0; more < LINES_EACH; more += 1) {
      await append();
      // Rotated in the middle of what is not read yet: the renamed file is read to its end.
      if (rotation % 2 === 0 && more === LINES_EACH / 2) await rename(file, `${file}.${rotation}`);
    }
    if (rotation % 2 === 0) continue;
    // Lines that were not read before a truncation are lost to every reader.
    await isRead();
    await copyFile(file, `${file}.${rotation}`);
    await truncate(file);
  }
  await isRead();
  await receiver.until(({ channel }) => channel === 'lines', written);
  const titles = receiver.deliveries().flatMap(({ channel, title }) => (channel === 'lines' ? [title] : []));
  expect(titles).toHaveLength(written);
  expect(new Set(titles)).toEqual(new Set(Array.from({ length: written }, (_, at) => `line ${at + 1}`)));
});
