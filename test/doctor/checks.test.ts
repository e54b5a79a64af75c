import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { daemonFaults } from './faults/daemon.ts';
import { desktopFaults } from './faults/desktop.ts';
import type { Faults } from './faults/fault.ts';
import { machineFaults } from './faults/machine.ts';
import { networkFaults } from './faults/network.ts';
import { postgresFaults } from './faults/postgres.ts';
import { ruleFaults } from './faults/rules.ts';
import { stateFaults } from './faults/state.ts';
import { allChecks, examineAll, examineWith, runningDaemon } from './installation.ts';

const FAULTS: Faults = {
  ...ruleFaults,
  ...stateFaults,
  ...postgresFaults,
  ...machineFaults,
  ...networkFaults,
  ...daemonFaults,
  ...desktopFaults,
};

test('every check has a fault that it finds, and its mend', () => {
  const names = allChecks.map(({ name }) => name);
  expect(names.length).toBeGreaterThanOrEqual(30);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(FAULTS).sort()).toEqual([...names].sort());
  for (const { about, mend } of allChecks) expect(about.endsWith('.') && mend !== '').toBe(true);
});

describe.each(Object.entries(FAULTS))('%s', (name, { level, says, skip, make }) => {
  test.skipIf(skip !== undefined)(
    `finds its fault${skip === undefined ? '' : ` (skipped: needs ${skip})`}`,
    async () => {
      const folder = await temporaryFolder();
      const results = await examineWith(name, folder, await make(folder));
      expect(results).toContainEqual({ level, message: expect.stringMatching(says), ...mendOf(results, says) });
    },
  );
});

test('a sound installation has no faults', async () => {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, 'run'));
  const record = { pid: process.pid, config: path.join(folder, 'rules'), state: '', socket: '/nowhere', listen: '' };
  await writeFile(path.join(folder, 'run', 'belfry.json'), JSON.stringify(record));
  const sound = { running: {}, caller: { version: '1.0.0', daemon: runningDaemon() } };
  // The desktop and the disk are those of the machine that runs the test.
  const names = allChecks.map(({ name }) => name).filter((name) => !/^(?:desktop|disk)\./.test(name));
  const faults = [...(await examineAll(names, folder, sound))].map(
    ([name, results]) => [name, results.filter(({ level }) => level !== 'ok')] as const,
  );
  expect(faults.filter(([, results]) => results.length > 0)).toEqual([]);
});

/** The mend of the result, which may be that of the check. */
function mendOf(results: readonly { message: string; mend?: string }[], says: RegExp): { mend?: string } {
  const mend = results.find(({ message }) => says.test(message))?.mend;
  return mend === undefined ? {} : { mend };
}
