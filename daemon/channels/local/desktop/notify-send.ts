import type { Receipt } from '../../../core/delivery/delivery.ts';
import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import type { Message, Priority } from '../../../core/message/message.ts';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import type { DesktopLook } from './look.ts';
import { DISPLAY_VARIABLES, NO_NOTIFY_SEND, NO_SESSION, sessionBus } from './session.ts';
import { plainBodyWithDetails, plainTitle } from '../../kit/text/plain.ts';
import { basicEnvironment, type ProgramOutcome, runProgram } from '../../kit/program.ts';
import { cutToBytes } from '../../kit/text/text.ts';

/** Desktops show a few lines; some freeze on very long ones. */
const LONGEST_TITLE = 250;
const LONGEST_BODY = 2000;
/** How many notifications can still be replaced; the oldest is forgotten first. */
const REMEMBERED = 1000;

const URGENCY: Readonly<Record<Priority, 'low' | 'normal' | 'critical'>> = {
  min: 'low',
  low: 'low',
  normal: 'normal',
  high: 'critical',
  urgent: 'critical',
};

/** Linux and the BSDs. https://manpages.debian.org/notify-send */
export function openNotifySend(look: DesktopLook, tools: ChannelTools): Notifier {
  const shown = new Map<string, string>();
  const turns = new Map<string, Promise<unknown>>();
  const show = async (message: Message, io: SendIo): Promise<Receipt> => {
    const key = message.replace_key;
    const id = await notify(look, message, key === undefined ? undefined : shown.get(key), tools, io);
    if (key !== undefined && id !== undefined) remember(shown, key, id);
    return id === undefined ? { answer: 'shown' } : { id };
  };
  return {
    send(message, io) {
      const key = message.replace_key;
      if (key === undefined) return show(message, io);
      // The second of two that replace one another must know the id of the first.
      const turn = (turns.get(key) ?? Promise.resolve()).then(() => show(message, io));
      const settled = turn
        .catch(() => undefined)
        .then(() => {
          if (turns.get(key) === settled) turns.delete(key);
        });
      turns.set(key, settled);
      return turn;
    },
  };
}

function remember(shown: Map<string, string>, key: string, id: string): void {
  shown.delete(key);
  shown.set(key, id);
  const [oldest] = shown.keys();
  if (shown.size > REMEMBERED && oldest !== undefined) shown.delete(oldest);
}

/** Resolves to the number by which the desktop knows the notification. */
async function notify(
  look: DesktopLook,
  message: Message,
  replaces: string | undefined,
  tools: ChannelTools,
  { signal }: SendIo,
): Promise<string | undefined> {
  const bus = sessionBus(tools.env);
  if (bus === undefined) throw failureOf(NO_BUS);
  const outcome = await runProgram({
    file: 'notify-send',
    args: notifySendArguments(look, message, replaces),
    env: { ...basicEnvironment(tools.env, DISPLAY_VARIABLES), DBUS_SESSION_BUS_ADDRESS: bus },
    signal,
    clock: tools.clock,
  });
  if (outcome.kind === 'ended' && outcome.exit === 0) return /^\d+/.exec(outcome.stdout.trim())?.[0];
  throw notifySendFailure(outcome);
}

/** `--` comes before the texts, so that a title may begin with a dash. */
export function notifySendArguments(look: DesktopLook, message: Message, replaces: string | undefined): string[] {
  const title = cutToBytes(plainTitle(message), LONGEST_TITLE);
  return [
    '--print-id',
    `--app-name=${look.appName}`,
    `--urgency=${URGENCY[message.priority]}`,
    `--icon=${look.icon}`,
    ...(look.timeout === undefined ? [] : [`--expire-time=${look.timeout}`]),
    ...(look.sound === undefined
      ? []
      : [`--hint=string:sound-${look.sound.includes('/') ? 'file' : 'name'}:${look.sound}`]),
    ...(replaces === undefined ? [] : [`--replace-id=${replaces}`]),
    '--',
    title === '' ? look.appName : title,
    literal(cutToBytes(plainBodyWithDetails(message), LONGEST_BODY)),
  ];
}

const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\\': String.raw`\\` };

/** The body is markup to the desktop, and notify-send reads backslash escapes in it. */
const literal = (text: string): string => text.replace(/[&<>\\]/g, (character) => MARKUP[character]!);

interface Row {
  readonly class: FailureClass;
  readonly code: string;
  readonly message: string;
  readonly misconfigured?: boolean;
}

const NO_BUS: Row = { class: 'permanent', code: 'desktop.no_session', message: NO_SESSION, misconfigured: true };
const NO_PROGRAM: Row = {
  class: 'permanent',
  code: 'desktop.no_notify_send',
  message: NO_NOTIFY_SEND,
  misconfigured: true,
};

/** What notify-send writes about the bus, by what a person has to do. */
const SAID: readonly (readonly [RegExp, Row])[] = [
  [
    /ServiceUnknown|StartServiceByName|not provided by any|NameHasNoOwner|NoReply|exited with status|Launch helper/i,
    {
      class: 'transient',
      code: 'desktop.no_daemon',
      message:
        'the session has no program that shows notifications, or it cannot start: log in to a desktop, or install one such as dunst or mako',
    },
  ],
  [
    /Cannot autolaunch|Could not connect|connection is closed|Cannot spawn a message bus|Permission denied|Operation not permitted/i,
    NO_BUS,
  ],
];

const REJECTED: Row = {
  class: 'permanent',
  code: 'desktop.rejected',
  message: 'notify-send did not show the notification',
};

function notifySendFailure(outcome: ProgramOutcome): SendFailure {
  if (outcome.kind === 'not_started') {
    const passing: Row = {
      class: 'transient',
      code: 'desktop.not_started',
      message: 'notify-send could not be started',
    };
    return failureOf(['ENOENT', 'EACCES', 'EPERM'].includes(outcome.code) ? NO_PROGRAM : passing);
  }
  if (outcome.kind === 'stopped') {
    const message = 'the desktop did not answer in time; the notification may have been shown';
    return failureOf({ class: 'unknown', code: 'desktop.timeout', message }, outcome.stderr);
  }
  const row = SAID.find(([pattern]) => pattern.test(outcome.stderr))?.[1] ?? REJECTED;
  return failureOf(row, outcome.stderr);
}

function failureOf({ class: failureClass, code, message, misconfigured }: Row, said = ''): SendFailure {
  return new SendFailure(failureClass, code, message, {
    ...(said.trim() !== '' && { body: said.trim() }),
    ...(misconfigured === true && { misconfigured }),
  });
}
