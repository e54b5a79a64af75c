import { unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { files } from '../../../daemon/sources/files/files.ts';
import { compareShapes } from '../../support/source-shapes.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

it('events of created files have the declared fields', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a.txt');
  const settings = { paths: [`${folder}/*.txt`], content: '1KiB', settle: '20ms', rescan: '100ms' };
  const found = await compareShapes(files, settings, () => writeFile(file, 'x'), systemClock);
  expect(found).toEqual({ types: new Set(['file.created']), undeclared: [] });
});

it('events of deleted files have the declared fields', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a.txt');
  await writeFile(file, 'x');
  const settings = { paths: [`${folder}/*.txt`], content: '1KiB', settle: '20ms', rescan: '100ms' };
  const found = await compareShapes(files, settings, () => unlink(file), systemClock);
  expect(found).toEqual({ types: new Set(['file.deleted']), undeclared: [] });
});
