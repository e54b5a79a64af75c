import { accessSync, constants, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import type { Environment } from '../../channel.ts';

/** Variables by which programs find the desktop, besides the bus. */
export const DISPLAY_VARIABLES = ['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'XDG_RUNTIME_DIR'] as const;

/**
 * The address of the D-Bus session bus for notifications: from the environment, otherwise that of systemd.
 * Undefined when there is none, as in system services, in containers and as another user (sudo).
 */
export function sessionBus(env: Environment): string | undefined {
  const given = env.DBUS_SESSION_BUS_ADDRESS;
  if (given !== undefined && given !== '') return isGone(given) ? undefined : given;
  const socket = path.join(env.XDG_RUNTIME_DIR || `/run/user/${userInfo().uid}`, 'bus');
  return existsSync(socket) ? `unix:path=${socket}` : undefined;
}

/** True for a bus whose socket file does not exist any more; other kinds of address are not checked. */
function isGone(address: string): boolean {
  const socket = /^unix:path=([^,;]+)/.exec(address)?.[1];
  return socket !== undefined && !address.includes(';') && !existsSync(decodeURIComponent(socket));
}

export const NO_SESSION =
  'there is no desktop session for this user (no D-Bus session bus): run belfry as the user who is logged in, best as a user service';
export const NO_NOTIFY_SEND =
  'the program notify-send is not installed: on Debian and Ubuntu it is in the package libnotify-bin, on Fedora and Arch in libnotify';
const NO_DISPLAY = 'there is no graphical session here: neither DISPLAY nor WAYLAND_DISPLAY is set';

/** Reason why no desktop can be reached, with what to do, in one sentence; undefined when there seems to be one. */
export function desktopUnavailable(env: Environment, platform: NodeJS.Platform = process.platform): string | undefined {
  if (platform === 'darwin' || platform === 'win32') return undefined;
  if (sessionBus(env) === undefined) return NO_SESSION;
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return NO_DISPLAY;
  return isOnPath('notify-send', env.PATH) ? undefined : NO_NOTIFY_SEND;
}

function isOnPath(program: string, search = '/usr/local/bin:/usr/bin:/bin'): boolean {
  return search.split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Appearance of all notifications of a channel. */
export interface DesktopAppearance {
  /** Absolute path of a PNG. */
  readonly icon: string;
  readonly appName: string;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly sound?: string;
}
