import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { commandLine, type UnitSettings, unitText } from '../../../daemon/service/systemd/unit.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const hasAnalyze = existsSync('/usr/bin/systemd-analyze');

const SYSTEM: UnitSettings = {
  command: [process.execPath],
  config: '/etc/belfry',
  version: 252,
  account: { user: 'belfry' },
};
const { account: _, ...USER } = SYSTEM;

/** Runs systemd-analyze on a unit; rejects with its output if it fails. */
async function analyze(text: string, ...args: string[]): Promise<string> {
  const folder = path.join(await temporaryFolder(), 'units');
  await mkdir(folder);
  const file = path.join(folder, 'belfry.service');
  await writeFile(file, text);
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', [...args, file], {
    env: { ...process.env, XDG_RUNTIME_DIR: path.dirname(folder) },
  });
  return stdout + stderr;
}

const skipped = hasAnalyze ? '' : ' (needs systemd-analyze)';

test.skipIf(!hasAnalyze)(`systemd finds no fault in any unit${skipped}`, async () => {
  const group = { ...SYSTEM, account: { user: 'belfry', socketGroup: 'operators' } };
  for (const settings of [SYSTEM, group]) expect(await analyze(unitText(settings), 'verify')).toBe('');
  expect(await analyze(unitText(USER), '--user', 'verify')).toBe('');
});

test.skipIf(!hasAnalyze)(`the exposure of the unit of the machine is at most 1.5${skipped}`, async () => {
  // The threshold is ten times the exposure; systemd-analyze fails above it.
  const report = await analyze(unitText(SYSTEM), 'security', '--offline=true', '--threshold=15', '--no-pager');
  expect(Number(/exposure level for \S+: ([\d.]+)/.exec(report)![1])).toBeLessThanOrEqual(1.5);
});

test('systemd waits for the end of a reload where it can, and always for the exit code of `belfry reload`', () => {
  for (const [version, type] of [
    [252, 'notify'],
    [253, 'notify-reload'],
    [257, 'notify-reload'],
  ] as const) {
    const text = unitText({ ...SYSTEM, version });
    expect(text).toContain(`\nType=${type}\n`);
    expect(text).toContain(`\nExecReload=${process.execPath} reload --config /etc/belfry\n`);
  }
});

test('rules in another place are not a configuration directory of systemd, which would create it', () => {
  expect(unitText(SYSTEM)).toContain('\nConfigurationDirectory=belfry\n');
  expect(unitText({ ...SYSTEM, config: '/srv/rules' })).not.toContain('ConfigurationDirectory');
});

test('a socket group is the group of the service, whose own group still reads the rules', () => {
  const text = unitText({ ...SYSTEM, account: { user: 'belfry', socketGroup: 'operators' } });
  expect(text).toContain('\nUser=belfry\nGroup=operators\nSupplementaryGroups=belfry\n');
});

test('the unit of one user has neither a user nor a sandbox that needs root', () => {
  const text = unitText(USER);
  for (const key of ['User', 'ProtectSystem', 'PrivateUsers', 'StateDirectory', 'MemoryMax'])
    expect(text).not.toMatch(new RegExp(`^${key}=`, 'm'));
  expect(text).toContain('\nWantedBy=default.target\n');
});

test('paths with blanks, quotes, dollars and percents reach the program as they are', () => {
  expect(commandLine(['/usr/bin/node', '/opt/my rules', '/a"b', '/100%/$HOME'])).toBe(
    String.raw`/usr/bin/node "/opt/my rules" "/a\"b" /100%%/$$HOME`,
  );
});
