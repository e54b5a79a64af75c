import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { loadChannelTypes } from '../../../../daemon/channels/index.ts';
import { check } from '../../../../daemon/cli/check-rules.ts';
import { init } from '../../../../daemon/cli/commands/rules/init.ts';
import { sourceTypes } from '../../../../daemon/sources/index.ts';
import { belfry } from '../../../support/command-line.ts';
import { mountSmallDisk } from '../../../support/small-disk.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { written } from '../../../support/command-line.ts';

const channelTypes = await loadChannelTypes();

const registry = { channels: channelTypes, sources: sourceTypes };
const terminalIn = (cwd: string) => ({ cwd, stdout: new PassThrough(), stderr: new PassThrough() });

it('belfry init makes a directory whose rules are valid', async () => {
  const cwd = await temporaryFolder();
  const terminal = terminalIn(cwd);
  expect(await init({ dir: 'rules', terminal })).toBe(0);
  expect(written(terminal.stdout)).toContain('belfry check rules');
  const checked = await check({ paths: ['rules'], env: {}, cwd, registry });
  expect(checked.problems).toEqual([]);
  expect(checked.rules).toBeGreaterThan(0);
});

it('belfry init overwrites nothing', async () => {
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, 'mine.yaml'), 'rules: []\n');
  const terminal = terminalIn(cwd);
  expect(await init({ dir: '.', terminal })).toBe(1);
  expect(await readdir(cwd)).toEqual(['mine.yaml']);
  expect(await readFile(path.join(cwd, 'mine.yaml'), 'utf8')).toBe('rules: []\n');
  expect(written(terminal.stderr)).toContain('is not empty');
});

it('belfry init leaves no file behind when the disk is full (needs root)', async (context) => {
  const place = await temporaryFolder();
  const disk = mountSmallDisk(place, 1);
  if (disk === undefined) return context.skip('mounting a small tmpfs needs root');
  onTestFinished(() => disk.unmount());
  disk.fill();
  const terminal = terminalIn(place);
  expect(await init({ dir: 'rules', terminal })).toBe(1);
  expect(written(terminal.stderr)).toMatch(/rules cannot be (?:made|written) \(ENOSPC\)/);
  expect(await readdir(path.join(place, 'rules')).catch(() => [])).toEqual([]);
});

it('belfry schema prints a schema by name, and refuses another name', async () => {
  const event = await belfry(undefined, ['schema', 'event']);
  expect([event.code, JSON.parse(event.stdout)]).toEqual([0, expect.objectContaining({ title: 'Belfry event' })]);
  const { code, stderr } = await belfry(undefined, ['schema', 'rule']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('give one of `rules`, `tests`, `event`, `dead-letter`')]);
});
