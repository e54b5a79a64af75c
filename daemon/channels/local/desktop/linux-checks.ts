import { stat } from 'node:fs/promises';
import { type DoctorResult, fail, ok, warn } from '../../../core/problems/doctor.ts';
import { type Machine, outputOf, readSystemFile, systemFileExists } from '../../../lib/machine/machine.ts';
import { readUnit } from '../../../lib/machine/systemd-unit.ts';
import { programFault } from '../../kit/executable.ts';
import type { DesktopCheck } from './desktop-check.ts';
import { iconFault, shippedIcon } from './icon.ts';
import { sessionBus } from './session.ts';
import { callServer, notificationServer, serverProperty } from './session-bus.ts';

const SESSION_MEND = 'run belfry as the user who is logged in, best as a user service (belfry service install --user)';

/** Causes on Linux and the BSDs. */
export const LINUX_CHECKS: readonly DesktopCheck[] = [
  {
    name: 'desktop.user',
    about: 'Belfry runs as root or as a system service, which has no desktop.',
    mend: SESSION_MEND,
    run: (_, { uid, env }) => {
      if (uid === 0 && sessionBus(env) === undefined)
        return [fail('belfry runs as root, which has no desktop session')];
      if (!env.XDG_RUNTIME_DIR && sessionBus(env) === undefined)
        return [fail('XDG_RUNTIME_DIR is not set, as in a system service, so there is no desktop session')];
      return [ok('belfry runs in a session of a user')];
    },
  },
  {
    name: 'desktop.bus',
    about: 'There is no D-Bus session bus, over which notifications are sent.',
    mend: SESSION_MEND,
    run: (_, { uid, env }) => {
      if (sessionBus(env) !== undefined) return [ok('there is a D-Bus session bus')];
      // Root and a user without a session have no bus: `desktop.user` reports it.
      return uid === 0 || !env.XDG_RUNTIME_DIR ? [] : [fail('there is no D-Bus session bus')];
    },
  },
  {
    name: 'desktop.bus-owner',
    about: 'The session bus belongs to another user, whose bus refuses connections, also those of root.',
    mend: SESSION_MEND,
    run: async (_, machine) => [await busOwner(machine)],
  },
  {
    name: 'desktop.display',
    about: 'There is no graphical session: neither DISPLAY nor WAYLAND_DISPLAY is set.',
    mend: 'start belfry from the desktop, or run `systemctl --user import-environment DISPLAY WAYLAND_DISPLAY`',
    run: (_, { env }) =>
      sessionBus(env) === undefined
        ? []
        : env.DISPLAY || env.WAYLAND_DISPLAY
          ? [ok('there is a graphical session')]
          : [fail('there is no graphical session: neither DISPLAY nor WAYLAND_DISPLAY is set')],
  },
  {
    name: 'desktop.notify-send',
    about: 'The program notify-send, which sends the notifications, is not installed.',
    mend: 'install it: package libnotify-bin on Debian and Ubuntu, libnotify on Fedora and Arch',
    run: async (_, { env }) =>
      (await programFault('notify-send', env.PATH, '/')) === undefined
        ? [ok('notify-send is installed')]
        : [fail('notify-send is not installed')],
  },
  {
    name: 'desktop.server',
    about: 'The session has no program that shows notifications, or it does not start.',
    mend: 'log in to a desktop, or install a notification program such as dunst or mako',
    run: async (_, machine) => (sessionBus(machine.env) === undefined ? [] : [await serverResult(machine)]),
  },
  {
    name: 'desktop.unit',
    about: 'The user service starts before the desktop, when nothing shows notifications yet.',
    mend: 'run `systemctl --user edit belfry`, set `After=` and `PartOf=graphical-session.target`, and enable it for that target',
    run: async (_, machine) => [await unitResult(machine)],
  },
  {
    name: 'desktop.sandbox',
    about: 'The systemd unit hides the session bus from Belfry.',
    mend: 'use the user unit without this hardening (belfry service install --user), or take the named line out of the unit',
    run: async (_, machine) => await sandboxResults(machine),
  },
  {
    name: 'desktop.capabilities',
    about: 'The notification program shows no body, no actions or no markup.',
    mend: 'use another notification program, or put what matters into the title',
    run: async (_, machine) => [await capabilitiesResult(machine)],
  },
  {
    name: 'desktop.quiet',
    about: 'Do not disturb is on, so the desktop shows nothing.',
    mend: 'turn it off in the settings of the desktop, or use another channel for what is urgent',
    run: async (_, machine) => [await quietResult(machine)],
  },
  {
    name: 'desktop.icon',
    about: 'The icon cannot be read or shown.',
    mend: 'set `icon` to a PNG of 128 × 128 pixels that the user of the desktop can read',
    platform: 'any',
    run: ({ icon = shippedIcon() }) => {
      const fault = iconFault(icon);
      return [fault === undefined ? ok('the icon can be shown') : warn(`${icon}: ${fault.message}`, fault.mend)];
    },
  },
  {
    name: 'desktop.surroundings',
    about: 'Belfry runs in WSL, over SSH, in tmux or in a container, where the desktop is another one or none.',
    mend: 'run belfry on the machine and in the session whose desktop shows the notifications',
    run: async (_, machine) => await surroundings(machine),
  },
];

async function busOwner(machine: Machine): Promise<DoctorResult> {
  const socket = /^unix:path=([^,;]+)/.exec(sessionBus(machine.env) ?? '')?.[1];
  const found = socket === undefined ? undefined : await stat(decodeURIComponent(socket)).catch(() => undefined);
  if (found === undefined || found.uid === machine.uid) return ok('the session bus belongs to this user');
  return fail(`the session bus belongs to the user ${found.uid}, and belfry runs as ${machine.uid}`);
}

async function serverResult(machine: Machine): Promise<DoctorResult> {
  const server = await notificationServer(machine);
  if (server === undefined)
    return warn('it is not known whether notifications are shown: install dbus-send or gdbus to check it');
  if (typeof server === 'object') return fail(`the session bus does not answer: ${server.error}`, SESSION_MEND);
  if (server === 'none') return fail('the session has no program that shows notifications');
  const answer = await callServer(machine, 'GetServerInformation');
  if (answer !== undefined && 'error' in answer)
    return fail(`the program that shows notifications does not start or answer: ${answer.error}`);
  return ok('a program shows notifications');
}

/** The user unit, if Belfry is installed as one. */
async function unitResult(machine: Machine): Promise<DoctorResult> {
  const unit = await readUnit(machine, 'user', ['WantedBy', 'After']);
  if (unit === undefined) return ok('belfry is not installed as a user service');
  const isOrdered = /graphical-session\.target/.test(`${unit.WantedBy ?? ''} ${unit.After ?? ''}`);
  return isOrdered
    ? ok('the user service starts with the desktop')
    : warn(`the user service starts before the desktop (WantedBy=${unit.WantedBy ?? ''})`);
}

/** Settings of a unit that hide the bus, with a test of their value. */
const HIDING: Readonly<Record<string, (value: string) => boolean>> = {
  PrivateUsers: (value) => value === 'yes',
  ProtectHome: (value) => value === 'yes' || value === 'tmpfs',
  RestrictAddressFamilies: (value) =>
    value !== '' && value !== '~' && value.startsWith('~') === value.includes('AF_UNIX'),
};

async function sandboxResults(machine: Machine): Promise<readonly DoctorResult[]> {
  // The unit matters only to the process that runs in it, which systemd marks by this variable.
  if (machine.env.INVOCATION_ID === undefined) return [ok('belfry does not run in a systemd unit')];
  const manager = machine.uid === 0 || !machine.env.XDG_RUNTIME_DIR ? 'system' : 'user';
  const unit = await readUnit(machine, manager, Object.keys(HIDING));
  const hiding = Object.entries(HIDING).filter(([name, hides]) => hides(unit?.[name] ?? ''));
  if (hiding.length === 0) return [ok('the unit does not hide the session bus')];
  return hiding.map(([name]) => fail(`\`${name}=${unit?.[name] ?? ''}\` of the unit hides the session bus`));
}

async function capabilitiesResult(machine: Machine): Promise<DoctorResult> {
  const answer = await callServer(machine, 'GetCapabilities');
  if (answer === undefined || 'error' in answer) return ok('the abilities of the desktop are not known');
  const missing = ['body', 'body-markup', 'actions'].filter((name) => !new RegExp(`["']${name}["']`).test(answer.text));
  if (missing.length === 0) return ok('the desktop shows body, markup and actions');
  return warn(`the desktop does not show: ${missing.join(', ')}`);
}

/** Settings by which a desktop shows nothing: their description, and a test of whether they are on. */
const QUIET: readonly (readonly [text: string, isOn: (machine: Machine) => Promise<boolean>])[] = [
  ['dunst is paused', async (machine) => (await outputOf(machine, 'dunstctl', ['is-paused']))?.trim() === 'true'],
  [
    'GNOME shows no banners',
    async (machine) =>
      (await outputOf(machine, 'gsettings', ['get', 'org.gnome.desktop.notifications', 'show-banners']))?.trim() ===
      'false',
  ],
  [
    'notifications are inhibited',
    async (machine) => {
      const answer = await serverProperty(machine, 'Inhibited');
      return answer !== undefined && 'text' in answer && answer.text.includes('true');
    },
  ],
];

async function quietResult(machine: Machine): Promise<DoctorResult> {
  if (sessionBus(machine.env) === undefined) return ok('there is no session that could be set to do not disturb');
  for (const [text, isOn] of QUIET) if (await isOn(machine)) return fail(`do not disturb is on: ${text}`);
  return ok('do not disturb is off');
}

async function surroundings(machine: Machine): Promise<readonly DoctorResult[]> {
  const { env } = machine;
  const found = [
    ...(/microsoft/i.test((await readSystemFile(machine, '/proc/version')) ?? '')
      ? ['belfry runs in WSL: notifications of Linux do not reach the desktop of Windows']
      : []),
    ...(env.SSH_CONNECTION ? ['belfry was started over SSH: this desktop is not the one of the person there'] : []),
    ...((await systemFileExists(machine, '/.dockerenv')) || (await systemFileExists(machine, '/run/.containerenv'))
      ? ['belfry runs in a container, which has no desktop']
      : []),
    ...(env.TMUX ? ['belfry was started in tmux: the variables of its session may be those of an earlier login'] : []),
  ];
  return found.length === 0 ? [ok('belfry runs directly on this machine')] : found.map((text) => warn(text));
}
