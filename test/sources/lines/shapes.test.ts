import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { lines } from '../../../daemon/sources/lines/lines.ts';
import { compareShapes } from '../../support/source-shapes.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('events have the declared fields', async () => {
  const folder = await temporaryFolder();
  const file = path.join(folder, 'a.log');
  await writeFile(file, '');
  const settings = { paths: [file], match: '(?P<code>\\d+)(?P<rest>x)?', max_line: '16B' };
  const clock = new VirtualClock();
  const act = async (): Promise<void> => {
    await clock.advance(100);
    await appendFile(file, `500 ${'y'.repeat(40)}\n`);
    await clock.advance(2100);
  };
  const found = await compareShapes(lines, settings, act, clock);
  expect(found).toEqual({ types: new Set(['line']), undeclared: [] });
});
