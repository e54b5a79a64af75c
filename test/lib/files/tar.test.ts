import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeHeader } from '../../../daemon/lib/files/tar/header.ts';
import { readTar } from '../../../daemon/lib/files/tar/read.ts';
import { ARCHIVE_END, memberHead, padding } from '../../../daemon/lib/files/tar/write.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

type Files = Readonly<Record<string, string>>;

function archiveOf(files: Files): Buffer {
  const members = Object.entries(files).map(([name, text]) => {
    const content = Buffer.from(text);
    return Buffer.concat([memberHead(name, content.length, 1_700_000_000), content, padding(content.length)]);
  });
  return Buffer.concat([...members, ARCHIVE_END]);
}

async function filesIn(archive: Buffer, piece = 700): Promise<Files> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < archive.length; at += piece) yield archive.subarray(at, at + piece);
  }
  const found: [string, Buffer[]][] = [];
  for await (const part of readTar(pieces()))
    if (part.kind === 'member') found.push([part.name, []]);
    else found.at(-1)![1].push(part.bytes);
  return Object.fromEntries(found.map(([name, parts]) => [name, Buffer.concat(parts).toString()]));
}

const LONG = `inbox/${'n'.repeat(200)}.json`;
const FILES: Files = { 'a.json': '{}', empty: '', 'inbox/Überwachung.json': 'x'.repeat(1500), [LONG]: 'long' };

test('tar extracts an archive with the names, contents and modes that were written', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'a.tar'), archiveOf(FILES));
  await mkdir(path.join(folder, 'out'));
  execFileSync('tar', ['-xf', path.join(folder, 'a.tar'), '-C', path.join(folder, 'out')]);
  for (const [name, text] of Object.entries(FILES)) {
    expect(await readFile(path.join(folder, 'out', name), 'utf8')).toBe(text);
    expect((await stat(path.join(folder, 'out', name))).mode & 0o777).toBe(0o600);
  }
});

test('an archive that tar made is read', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'b'), 'content');
  execFileSync('tar', ['-cf', path.join(folder, 'b.tar'), '--format=ustar', '-C', folder, 'b']);
  expect(await filesIn(await readFile(path.join(folder, 'b.tar')))).toEqual({ b: 'content' });
});

test('any names and contents come back, in pieces of any size', async () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).filter((text) => !text.includes('\0'));
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(name, fc.string({ maxLength: 2000 }), { noNullPrototype: true }),
      fc.integer({ min: 1, max: 5000 }),
      async (files, piece) => {
        const wellFormed = Object.fromEntries(
          Object.entries(files).filter(([key]) => Buffer.from(key).toString() === key),
        );
        expect(await filesIn(archiveOf(wellFormed), piece)).toEqual(
          Object.fromEntries(Object.entries(wellFormed).map(([key, text]) => [key, Buffer.from(text).toString()])),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('a size beyond the octal digits of the header is read back', async () => {
  const size = 20 * 1024 ** 3;
  async function* head(): AsyncGenerator<Buffer> {
    yield encodeHeader({ name: 'big', size, type: '0' }, 0);
  }
  const first = await readTar(head()).next();
  expect(first.value).toEqual({ kind: 'member', name: 'big', size, type: '0' });
});

describe('an archive that is not whole', () => {
  test('is torn wherever it was cut', async () => {
    const whole = archiveOf(FILES);
    for (let length = 0; length < whole.length; length += 97)
      await expect(filesIn(whole.subarray(0, length))).rejects.toMatchObject({ kind: 'torn' });
  });

  test('is damaged when a header or the end was changed', async () => {
    const whole = archiveOf({ a: 'x', b: 'y' });
    const changed = (at: number): Buffer => {
      const copy = Buffer.from(whole);
      copy[at] = copy[at]! ^ 1;
      return copy;
    };
    await expect(filesIn(changed(1024 + 3))).rejects.toMatchObject({ kind: 'damaged' });
    await expect(filesIn(changed(whole.length - 1))).rejects.toMatchObject({ kind: 'damaged' });
  });

  test('is foreign when it does not begin as a tar archive', async () => {
    await expect(filesIn(Buffer.from('PK'.repeat(1000)))).rejects.toMatchObject({ kind: 'foreign' });
  });
});
