import type { Machine } from '../../../lib/machine/machine.ts';
import { sessionBus } from './session.ts';

/** Time for a program that the bus starts on demand; a desktop needs much less. */
const ANSWER_MS = 3000;

interface BusCall {
  readonly to: string;
  readonly object: string;
  /** Interface and method, joined by a dot. */
  readonly method: string;
  readonly args?: readonly string[];
}

const BUS: Pick<BusCall, 'to' | 'object'> = { to: 'org.freedesktop.DBus', object: '/org/freedesktop/DBus' };
const NOTIFICATIONS = 'org.freedesktop.Notifications';
const SERVER: Pick<BusCall, 'to' | 'object'> = { to: NOTIFICATIONS, object: '/org/freedesktop/Notifications' };

/** Answer of a call: its text, the text of its error, or undefined if this machine has no program for calls. */
export type BusAnswer = { readonly text: string } | { readonly error: string } | undefined;

/** Calls a method on the session bus by `dbus-send`, otherwise by `gdbus`. */
async function callBus(machine: Machine, call: BusCall): Promise<BusAnswer> {
  const { to, object, method, args = [] } = call;
  const address = sessionBus(machine.env);
  if (address === undefined) return { error: 'there is no session bus' };
  const programs: readonly (readonly [string, readonly string[]])[] = [
    [
      'dbus-send',
      [
        `--bus=${address}`,
        '--print-reply',
        `--reply-timeout=${ANSWER_MS}`,
        `--dest=${to}`,
        object,
        method,
        ...args.map((arg) => `string:${arg}`),
      ],
    ],
    ['gdbus', ['call', '--address', address, '--dest', to, '--object-path', object, '--method', method, ...args]],
  ];
  for (const [program, given] of programs) {
    const answer = await machine.run(program, given, ANSWER_MS + 1000);
    if (answer.kind === 'missing') continue;
    if (answer.kind === 'late') return { error: 'no answer in time' };
    return answer.exit === 0 ? { text: answer.stdout } : { error: answer.stderr.trim().split('\n')[0] ?? '' };
  }
  return undefined;
}

/** Whether a program shows notifications: it runs (`owned`), the bus can start it (`activatable`), or there is none. */
export async function notificationServer(
  machine: Machine,
): Promise<'owned' | 'activatable' | 'none' | { readonly error: string } | undefined> {
  const owned = await callBus(machine, {
    ...BUS,
    method: 'org.freedesktop.DBus.NameHasOwner',
    args: [NOTIFICATIONS],
  });
  if (owned === undefined || 'error' in owned) return owned;
  if (owned.text.includes('true')) return 'owned';
  const names = await callBus(machine, { ...BUS, method: 'org.freedesktop.DBus.ListActivatableNames' });
  return names !== undefined && 'text' in names && names.text.includes(NOTIFICATIONS) ? 'activatable' : 'none';
}

/** Calls a method of the program that shows notifications; the bus starts it if it can. */
export const callServer = (machine: Machine, method: string): Promise<BusAnswer> =>
  callBus(machine, { ...SERVER, method: `${NOTIFICATIONS}.${method}` });

/** A property of that program, as text. */
export const serverProperty = (machine: Machine, name: string): Promise<BusAnswer> =>
  callBus(machine, { ...SERVER, method: 'org.freedesktop.DBus.Properties.Get', args: [NOTIFICATIONS, name] });
