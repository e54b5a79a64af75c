import { SendFailure } from '../../../core/problems/failure.ts';
import type { Message } from '../../../core/message/message.ts';
import type { Notifier } from '../../channel.ts';
import type { DesktopLook } from './look.ts';
import { plainBodyWithDetails, plainTitle } from '../../kit/text/plain.ts';
import { cutToBytes } from '../../kit/text/text.ts';

/** As much of node-notifier as is used. https://github.com/mikaelbr/node-notifier#all-notification-options-with-their-defaults */
export interface NativeNotifier {
  notify(options: Readonly<Record<string, unknown>>, done: (error: Error | null, response?: string) => void): unknown;
}

/** macOS and Windows. Neither tells whether a notification was seen, or kept back by permissions or a focus mode. */
export function openNativeNotifier(look: DesktopLook): Notifier {
  return {
    async send(message, { signal }) {
      // Loaded when first needed: it carries programs of megabytes and no Linux machine uses it.
      const { default: native } = await import('node-notifier');
      return { answer: await showNative(native, look, message, signal) };
    },
  };
}

/** Resolves to what the system's helper said. */
export function showNative(
  native: NativeNotifier,
  look: DesktopLook,
  message: Message,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = (): void => {
      const reason = 'the desktop did not answer in time; the notification may have been shown';
      reject(new SendFailure('unknown', 'desktop.timeout', reason));
    };
    signal.addEventListener('abort', late, { once: true });
    native.notify(nativeOptions(look, message), (error, response) => {
      signal.removeEventListener('abort', late);
      if (error === null || error === undefined)
        return resolve(response === undefined || response === '' ? 'shown' : response);
      const reason =
        'the system refused the notification: look at its settings for notifications, and run belfry in your own session';
      reject(new SendFailure('permanent', 'desktop.rejected', reason, { body: error.message.slice(0, 4096) }));
    });
  });
}

function nativeOptions(look: DesktopLook, message: Message): Readonly<Record<string, unknown>> {
  const body = cutToBytes(plainBodyWithDetails(message), 1000);
  return {
    title: cutToBytes(plainTitle(message), 250) || look.appName,
    // macOS shows nothing without a text.
    message: body === '' ? ' ' : body,
    icon: look.icon,
    wait: false,
    ...(look.timeout !== undefined && { timeout: Math.max(1, Math.round(look.timeout / 1000)) }),
    ...(look.sound !== undefined && { sound: look.sound }),
    ...(message.replace_key !== undefined && { group: message.replace_key }),
    ...(message.link !== undefined && /^https?:\/\//.test(message.link) && { open: message.link }),
  };
}
