import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type DoctorResult, fail, ok, warn } from '../../../core/problems/doctor.ts';
import { isObject } from '../../../core/values/json.ts';
import { type Machine, outputOf } from '../../../lib/machine/machine.ts';
import type { DesktopCheck } from './desktop-check.ts';

/** Causes on macOS and Windows. */
export const NATIVE_CHECKS: readonly DesktopCheck[] = [
  {
    name: 'desktop.macos-permission',
    about: 'macOS shows notifications only after a person has allowed them, and reports nothing otherwise.',
    mend: 'run `belfry doctor --send` and look; allow terminal-notifier in System Settings > Notifications',
    platform: 'darwin',
    run: () => [
      warn('macOS does not say whether notifications are allowed: only a person can see whether one is shown'),
    ],
  },
  {
    name: 'desktop.macos-focus',
    about: 'A Focus such as Do Not Disturb is on, which hides notifications.',
    mend: 'turn it off in the Control Centre, or allow terminal-notifier in System Settings > Focus',
    platform: 'darwin',
    run: async (_, machine) => [await focusResult(machine)],
  },
  {
    name: 'desktop.macos-rosetta',
    about: 'The helper for notifications is a program for Intel processors, and Rosetta is not installed.',
    mend: 'run `softwareupdate --install-rosetta`',
    platform: 'darwin',
    async run(_, machine) {
      if (machine.arch !== 'arm64') return [ok('this machine has an Intel processor')];
      const answer = await machine.run('arch', ['-x86_64', '/usr/bin/true']);
      if (answer.kind === 'ended' && answer.exit === 0) return [ok('Rosetta is installed')];
      return [fail('Rosetta is not installed, so the helper for notifications does not start (error -86)')];
    },
  },
  {
    name: 'desktop.macos-session',
    about: 'Belfry runs as a LaunchDaemon or over SSH, outside the graphical session.',
    mend: 'install it as a LaunchAgent of the user who is logged in: belfry service install --user',
    platform: 'darwin',
    async run(_, machine) {
      const name = (await outputOf(machine, 'launchctl', ['managername']))?.trim();
      if (name === 'Aqua') return [ok('belfry runs in the graphical session')];
      return [fail(`belfry runs outside the graphical session (launchctl managername: ${name ?? 'unknown'})`)];
    },
  },
  {
    name: 'desktop.windows-session',
    about: 'Belfry runs as a service in session 0, or elevated, where Windows shows no notifications.',
    mend: 'start belfry in the session of the user, without "Run as administrator", for example by the Task Scheduler at log on',
    platform: 'win32',
    run: async (_, machine) => await windowsSession(machine),
  },
  {
    name: 'desktop.windows-banners',
    about: 'Notifications are turned off in Windows, for all programs or for Belfry.',
    mend: 'turn them on in Settings > System > Notifications',
    platform: 'win32',
    run: async (_, machine) => await bannerResults(machine),
  },
];

/** File in which macOS 12 and later keep the Focus that is on. */
const FOCUS_FILE = 'Library/DoNotDisturb/DB/Assertions.json';

async function focusResult({ env }: Machine): Promise<DoctorResult> {
  const text = await readFile(path.join(env.HOME ?? '/', FOCUS_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return ok('it is not known whether a Focus is on, because its file cannot be read');
  return isFocusOn(text) ? fail('a Focus is on, which hides notifications') : ok('no Focus is on');
}

function isFocusOn(text: string): boolean {
  try {
    const { data } = JSON.parse(text) as { readonly data?: unknown };
    const records = Array.isArray(data)
      ? data.map((part) => (isObject(part) ? part.storeAssertionRecords : undefined))
      : [];
    return records.some((record) => Array.isArray(record) && record.length > 0);
  } catch {
    return false;
  }
}

/** Security identifier of the high mandatory level, which elevated processes have. */
const ELEVATED = 'S-1-16-12288';

async function windowsSession(machine: Machine): Promise<readonly DoctorResult[]> {
  const script = '[System.Diagnostics.Process]::GetCurrentProcess().SessionId';
  const session = (await outputOf(machine, 'powershell', ['-NoProfile', '-Command', script]))?.trim();
  if (session === '0') return [fail('belfry runs in session 0, which has no desktop')];
  const groups = (await outputOf(machine, 'whoami', ['/groups'])) ?? '';
  if (groups.includes(ELEVATED)) return [fail('belfry runs elevated, so that Windows shows no notifications of it')];
  return [ok('belfry runs in the session of a user')];
}

const PUSH = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\PushNotifications`;
const NOTIFICATIONS = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Notifications\Settings`;
/** Identity (AUMID) under which the helper of node-notifier sends. */
const AUMID = 'Snore.DesktopToasts';

const SWITCHES: readonly (readonly [text: string, key: string, value: string])[] = [
  ['notifications are turned off for this user', PUSH, 'ToastEnabled'],
  ['banners are turned off for this user', NOTIFICATIONS, 'NOC_GLOBAL_SETTING_TOASTS_ENABLED'],
  [`notifications of ${AUMID} are turned off`, String.raw`${NOTIFICATIONS}\${AUMID}`, 'Enabled'],
];

async function bannerResults(machine: Machine): Promise<readonly DoctorResult[]> {
  const off: DoctorResult[] = [];
  for (const [text, key, value] of SWITCHES) {
    const answer = await outputOf(machine, 'reg', ['query', key, '/v', value]);
    if (/REG_DWORD\s+0x0\b/.test(answer ?? '')) off.push(fail(text));
  }
  const apps = await outputOf(machine, 'powershell', ['-NoProfile', '-Command', 'Get-StartApps | Out-String']);
  if (apps !== undefined && !apps.includes(AUMID))
    off.push(
      warn(
        `no shortcut in the Start menu has the identity ${AUMID}, so that Windows may show nothing`,
        'send one notification as this user with `belfry channel test`: the helper then creates the shortcut',
      ),
    );
  return off.length === 0 ? [ok('notifications are turned on')] : off;
}
