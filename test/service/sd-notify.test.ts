import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openServiceNotice } from '../../daemon/service/sd-notify.ts';
import { memoryLog } from '../support/delivery.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A `systemd-notify` on the PATH that writes its arguments to a file, one call a line. */
async function notices(env: Record<string, string>) {
  const folder = await temporaryFolder();
  const calls = path.join(folder, 'calls');
  const program = path.join(folder, 'systemd-notify');
  await writeFile(program, `#!/bin/sh\necho "$*" >> ${calls}\n`);
  await chmod(program, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  const clock = new VirtualClock();
  const notice = openServiceNotice({ env, pid: 7, log: memoryLog().log, clock });
  const sent = async () => (await readFile(calls, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return { clock, notice, sent };
}

test('systemd gets the state of the daemon, and its watchdog twice in each timeout until the end', async () => {
  const { clock, notice, sent } = await notices({ NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '4000000' });
  notice.ready('3 rules');
  await expect.poll(sent).toEqual(['--pid=7 --ready --status=3 rules']);
  await clock.advance(1_999);
  expect(await sent()).toHaveLength(1);
  await clock.advance(2_001);
  await expect.poll(sent).toEqual(['--pid=7 --ready --status=3 rules', '--pid=7 WATCHDOG=1', '--pid=7 WATCHDOG=1']);
  notice.close();
  await clock.advance(60_000);
  notice.stopping();
  await expect.poll(sent).toHaveLength(4);
});

test('outside systemd nothing is sent', async () => {
  const { notice, sent } = await notices({ WATCHDOG_USEC: '4000000' });
  notice.ready('3 rules');
  notice.stopping();
  expect(await sent()).toEqual([]);
});
