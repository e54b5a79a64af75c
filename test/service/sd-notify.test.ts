import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openServiceNotice } from '../../daemon/service/sd-notify.ts';
import { memoryLog } from '../support/delivery.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Systemd {
  readonly env?: Record<string, string>;
  /** Body of the script that is run as `systemd-notify`; it ends with 1 for a message that systemd does not know. */
  readonly script?: string;
}

/** A `systemd-notify` on the PATH that writes its arguments to a file, one call a line. */
async function notices({ env = {}, script = '' }: Systemd) {
  const folder = await temporaryFolder();
  const calls = path.join(folder, 'calls');
  const program = path.join(folder, 'systemd-notify');
  await writeFile(program, `#!/bin/sh\n${script}\necho "$*" >> ${calls}\n`);
  await chmod(program, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  const clock = new VirtualClock();
  const { log, lines } = memoryLog();
  const notice = openServiceNotice({ env, pid: 7, log, clock });
  const sent = async () => (await readFile(calls, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return { clock, notice, sent, lines };
}

test('systemd gets the state of the daemon, and its watchdog three times in each timeout while the daemon works, until the end', async () => {
  const env = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '6000000', WATCHDOG_PID: '7' };
  const { clock, notice, sent } = await notices({ env });
  notice.ready('3 rules');
  await expect.poll(sent).toEqual(['--pid=7 --ready --status=3 rules']);
  for (let second = 0; second < 4; second += 1) {
    notice.working();
    await clock.advance(1_000);
  }
  await expect.poll(sent).toEqual(['--pid=7 --ready --status=3 rules', '--pid=7 WATCHDOG=1', '--pid=7 WATCHDOG=1']);
  notice.stopping();
  await notice.close();
  notice.working();
  expect((await sent()).slice(3)).toEqual(['--pid=7 STOPPING=1']);
  expect(clock.waiting).toBe(0);
});

test('the watchdog of another process is not fed', async () => {
  const env = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '4000000', WATCHDOG_PID: '8' };
  const { notice, sent } = await notices({ env });
  notice.working();
  await notice.close();
  expect(await sent()).toEqual([]);
});

test('the start of a reload reaches systemd before its end, also one that knows no --reloading', async () => {
  const script = 'case "$*" in *--reloading*) exit 1;; esac';
  const { notice, sent, lines } = await notices({ env: { NOTIFY_SOCKET: '/run/notify' }, script });
  notice.reloading();
  notice.ready('generation 2');
  notice.status('generation 2; rejected');
  await notice.close();
  expect(await sent()).toEqual([
    '--pid=7 RELOADING=1',
    '--pid=7 --ready --status=generation 2',
    '--pid=7 --status=generation 2; rejected',
  ]);
  expect(lines).toEqual([]);
});

test('outside systemd nothing is sent', async () => {
  const { notice, sent } = await notices({ env: { WATCHDOG_USEC: '4000000' } });
  notice.ready('3 rules');
  notice.reloading();
  notice.status('3 rules');
  notice.stopping();
  await notice.close();
  expect(await sent()).toEqual([]);
});
