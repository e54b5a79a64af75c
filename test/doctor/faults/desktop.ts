import { execFileSync } from 'node:child_process';
import { chown, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { shippedIcon } from '../../../daemon/channels/local/desktop/icon.ts';
import { missingPackages, openDesktop } from '../../support/desktop.ts';
import type { Installation } from '../installation.ts';
import { type Fault, type Faults, NEEDS_ROOT } from './fault.ts';

const DESKTOP = 'channels: { screen: { type: desktop } }';
const missing = missingPackages();
/** Reason why this machine cannot show a desktop. */
const NO_DESKTOP = missing.length > 0 ? `the Debian packages ${missing.join(' ')}` : undefined;

type Changes = Omit<Installation, 'rules'>;

const installed = (changes: Changes = {}): Installation => ({ rules: DESKTOP, ...changes });

/** Installation on a real desktop: an X server, a session bus and dunst. */
async function onDesktop(
  changes: (env: Readonly<Record<string, string>>, emptyBus: string) => Changes,
  options: Parameters<typeof openDesktop>[0] = {},
): Promise<Installation> {
  const screen = await openDesktop(options);
  onTestFinished(() => screen.close());
  return installed(changes(screen.env, screen.emptyBus));
}

const onMac = (changes: Changes): Installation =>
  installed({ ...changes, machine: { platform: 'darwin', ...changes.machine } });
const onWindows = (programs: Readonly<Record<string, string>>): Installation =>
  installed({ programs, machine: { platform: 'win32' } });

/** Fault that a unit causes, read by `systemctl show`. */
const inUnit = (
  says: RegExp,
  level: Fault['level'],
  properties: string,
  env: Readonly<Record<string, string>>,
): Fault => ({
  level,
  says,
  make: () =>
    installed({ env, machine: { uid: 1000 }, programs: { systemctl: `printf 'LoadState=loaded\\n${properties}\\n'` } }),
});

export const desktopFaults: Faults = {
  'desktop.user': {
    level: 'fail',
    says: /belfry runs as root, which has no desktop session/,
    make: () => installed({ machine: { uid: 0 }, env: { XDG_RUNTIME_DIR: '/nowhere' } }),
  },
  'desktop.bus': {
    level: 'fail',
    says: /no D-Bus session bus/,
    make: () => installed({ machine: { uid: 1000 }, env: { XDG_RUNTIME_DIR: '/nowhere' } }),
  },
  'desktop.bus-owner': {
    level: 'fail',
    says: /the session bus belongs to the user 65534, and belfry runs as \d+/,
    skip: NEEDS_ROOT,
    async make(folder) {
      const bus = path.join(folder, 'bus');
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(bus, resolve));
      onTestFinished(() => void server.close());
      await chown(bus, 65_534, 65_534);
      return installed({ env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus}` } });
    },
  },
  'desktop.display': {
    level: 'fail',
    says: /neither DISPLAY nor WAYLAND_DISPLAY/,
    skip: NO_DESKTOP,
    make: () =>
      onDesktop(({ DBUS_SESSION_BUS_ADDRESS }) => ({ env: { DBUS_SESSION_BUS_ADDRESS: DBUS_SESSION_BUS_ADDRESS! } })),
  },
  'desktop.notify-send': {
    level: 'fail',
    says: /notify-send is not installed/,
    make: (folder) => installed({ env: { PATH: path.join(folder, 'bin') } }),
  },
  'desktop.server': {
    level: 'fail',
    says: /no program that shows notifications/,
    skip: NO_DESKTOP,
    make: () => onDesktop((env, emptyBus) => ({ env: { ...env, DBUS_SESSION_BUS_ADDRESS: emptyBus } })),
  },
  'desktop.unit': inUnit(/starts before the desktop/, 'warn', 'WantedBy=default.target', {}),
  'desktop.sandbox': inUnit(/`PrivateUsers=yes` of the unit hides the session bus/, 'fail', 'PrivateUsers=yes', {
    INVOCATION_ID: '1',
    XDG_RUNTIME_DIR: '/run/user/1000',
  }),
  'desktop.capabilities': {
    level: 'warn',
    says: /does not show: body-markup/,
    skip: NO_DESKTOP,
    make: () => onDesktop((env) => ({ env }), { markup: 'no' }),
  },
  'desktop.quiet': {
    level: 'fail',
    says: /do not disturb is on: dunst is paused/,
    skip: NO_DESKTOP,
    make: () =>
      onDesktop((env) => {
        execFileSync('dunstctl', ['set-paused', 'true'], { env: { ...env } });
        return { env };
      }),
  },
  'desktop.icon': {
    level: 'warn',
    says: /icon\.png: the icon is not a PNG file/,
    async make(folder) {
      const icon = path.join(folder, 'icon.png');
      await copyFile(shippedIcon(), icon);
      return {
        rules: `channels: { screen: { type: desktop, icon: ${icon} } }`,
        afterLoad: () => writeFile(icon, 'text'),
      };
    },
  },
  'desktop.surroundings': {
    level: 'warn',
    says: /belfry runs in WSL/,
    make: () => installed({ system: { '/proc/version': 'Linux version 5.15.90.1-microsoft-standard-WSL2\n' } }),
  },
  'desktop.macos-permission': { level: 'warn', says: /only a person can see/, make: () => onMac({}) },
  'desktop.macos-focus': {
    level: 'fail',
    says: /a Focus is on/,
    async make(folder) {
      const database = path.join(folder, 'Library', 'DoNotDisturb', 'DB');
      await mkdir(database, { recursive: true });
      await writeFile(path.join(database, 'Assertions.json'), '{"data":[{"storeAssertionRecords":[{"id":1}]}]}');
      return onMac({});
    },
  },
  'desktop.macos-rosetta': {
    level: 'fail',
    says: /error -86/,
    make: () => onMac({ machine: { arch: 'arm64' }, programs: { arch: 'exit 86' } }),
  },
  'desktop.macos-session': {
    level: 'fail',
    says: /managername: System/,
    make: () => onMac({ programs: { launchctl: 'echo System' } }),
  },
  'desktop.windows-session': {
    level: 'fail',
    says: /session 0/,
    make: () => onWindows({ powershell: 'echo 0', whoami: 'true' }),
  },
  'desktop.windows-banners': {
    level: 'fail',
    says: /turned off for this user/,
    make: () =>
      onWindows({ powershell: 'echo Snore.DesktopToasts', reg: 'echo "    ToastEnabled    REG_DWORD    0x0"' }),
  },
};
