import { SendFailure } from '../../../core/problems/failure.ts';
import { duration, nameOrPath, path, strict } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import { type ChannelTools, defineChannel, type Notifier, supports } from '../../channel.ts';
import { DESKTOP_CHECKS } from './doctor-checks.ts';
import { ICON_SIDE, iconFault, shippedIcon } from './icon.ts';
import { openNativeNotifier } from './native.ts';
import { openNotifySend } from './notify-send.ts';
import { type DesktopAppearance, desktopUnavailable } from './session.ts';

const settingsSchema = strict({
  icon: Type.Optional(
    path({
      description: `A PNG of ${ICON_SIDE} × ${ICON_SIDE} pixels; Belfry's own if not set.`,
      examples: ['/etc/belfry/icon.png'],
    }),
  ),
  app_name: Type.Optional(
    Type.String({
      description: 'Name of the sender that the desktop shows; some desktops have settings for each name.',
      examples: ['Build server'],
      default: 'Belfry',
      minLength: 1,
    }),
  ),
  timeout: Type.Optional(
    duration({
      description:
        'Time for which it is shown. If not set, the desktop decides. A desktop may ignore it for `high` and `urgent`.',
      examples: ['8s'],
    }),
  ),
  sound: Type.Optional(
    nameOrPath({
      description: 'Name of a sound in the theme of the desktop, or the path of a sound file. If not set: no sound.',
      examples: ['message-new-instant', '/usr/share/sounds/alert.ogg'],
      pattern: '^[^:]+$',
    }),
  ),
});

type DesktopSettings = Static<typeof settingsSchema>;

/**
 * Desktop notifications: libnotify's `notify-send` on Linux, the notification centre on macOS and Windows.
 * https://specifications.freedesktop.org/notification-spec/latest/
 */
export const desktop = defineChannel({
  type: 'desktop',
  summary: 'Notifications on the desktop of the user that runs the daemon',
  documentation: 'https://specifications.freedesktop.org/notification-spec/latest/',
  setup: [
    'Run Belfry as a user service, in the session of the desktop.',
    'On Debian install the package `libnotify-bin`.',
  ],
  example: { sound: 'message-new-instant' },
  receipt: 'number of the notification',
  settings: settingsSchema,
  limits: { concurrency: 1 },
  supports: supports({ kept: 'priority replace_key', text: 'markdown html link actions fields' }),
  idempotent: false,
  check({ icon }) {
    const fault = icon === undefined ? undefined : iconFault(icon);
    return fault === undefined ? [] : [{ pointer: '/icon', ...fault }];
  },
  unavailable: (env) => desktopUnavailable(env),
  doctorChecks: DESKTOP_CHECKS,
  open: (settings, tools) => openDesktop(appearanceOf(settings), tools),
});

const OPENERS: Readonly<
  Partial<Record<NodeJS.Platform, (appearance: DesktopAppearance, tools: ChannelTools) => Notifier>>
> = {
  darwin: openNativeNotifier,
  win32: openNativeNotifier,
};

function openDesktop(appearance: DesktopAppearance, tools: ChannelTools): Notifier {
  const notifier = (OPENERS[process.platform] ?? openNotifySend)(appearance, tools);
  return {
    send(message, io) {
      if (!io.signal.aborted) return notifier.send(message, io);
      return Promise.reject(
        new SendFailure('transient', 'desktop.aborted', 'the attempt ended before anything was shown'),
      );
    },
  };
}

function appearanceOf({ icon, app_name, timeout, sound }: DesktopSettings): DesktopAppearance {
  return {
    icon: icon === undefined ? shippedIcon() : icon,
    appName: app_name ?? 'Belfry',
    ...(timeout !== undefined && { timeout }),
    ...(sound !== undefined && { sound }),
  };
}
