import { SendFailure } from '../../../core/problems/failure.ts';
import type { Message } from '../../../core/message/message.ts';
import type { Notifier } from '../../channel.ts';
import type { DesktopAppearance } from './session.ts';
import { plainBodyWithDetails, plainTitle } from '../../kit/text/plain.ts';
import { cutToBytes } from '../../kit/text/text.ts';

/** Part of node-notifier that is used. https://github.com/mikaelbr/node-notifier#all-notification-options-with-their-defaults */
export interface NativeNotifier {
  notify(options: Readonly<Record<string, unknown>>, done: (error: Error | null, response?: string) => void): unknown;
}

/** For macOS and Windows. Neither reports whether a notification was seen, or hidden by permissions or a focus mode. */
export function openNativeNotifier(appearance: DesktopAppearance): Notifier {
  return {
    async send(message, { signal }) {
      // Loaded when first needed, since it contains programs of several megabytes.
      const { default: native } = await import('node-notifier');
      return { answer: await showNative(native, appearance, message, signal) };
    },
  };
}

/** Resolves to the answer of the system's helper. */
export function showNative(
  native: NativeNotifier,
  appearance: DesktopAppearance,
  message: Message,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const onTimeout = (): void => {
      const reason = 'the desktop did not answer in time; the notification may have been shown';
      reject(new SendFailure('unknown', 'desktop.timeout', reason));
    };
    signal.addEventListener('abort', onTimeout, { once: true });
    native.notify(nativeOptions(appearance, message), (error, response) => {
      signal.removeEventListener('abort', onTimeout);
      if (error === null || error === undefined)
        return resolve(response === undefined || response === '' ? 'shown' : response);
      const reason =
        'the system refused the notification: look at its settings for notifications, and run belfry in your own session';
      reject(new SendFailure('permanent', 'desktop.rejected', reason, { body: error.message.slice(0, 4096) }));
    });
  });
}

function nativeOptions(appearance: DesktopAppearance, message: Message): Readonly<Record<string, unknown>> {
  const body = cutToBytes(plainBodyWithDetails(message), 1000);
  return {
    title: cutToBytes(plainTitle(message), 250) || appearance.appName,
    // macOS shows nothing without a text.
    message: body === '' ? ' ' : body,
    icon: appearance.icon,
    wait: false,
    ...(appearance.timeout !== undefined && { timeout: Math.max(1, Math.round(appearance.timeout / 1000)) }),
    ...(appearance.sound !== undefined && { sound: appearance.sound }),
    ...(message.replace_key !== undefined && { group: message.replace_key }),
    ...(message.link !== undefined && /^https?:\/\//.test(message.link) && { open: message.link }),
  };
}
