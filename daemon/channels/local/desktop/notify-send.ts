import { type FailureClass, SendFailure } from '../../../core/problems/failure.ts';
import type { Message, Priority } from '../../../core/message/message.ts';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import { type DesktopAppearance, DISPLAY_VARIABLES, NO_NOTIFY_SEND, NO_SESSION, sessionBus } from './session.ts';
import { plainBodyWithDetails, plainTitle } from '../../kit/text/plain.ts';
import { basicEnvironment, type ProgramOutcome, runProgram } from '../../kit/program.ts';
import { SentMessages, volatileMemory } from '../../kit/sent-messages.ts';
import { cutToBytes } from '../../kit/text/text.ts';

/** Desktops show a few lines; some freeze on very long ones. */
const MAX_TITLE_BYTES = 250;
const MAX_BODY_BYTES = 2000;

const URGENCY: Readonly<Record<Priority, 'low' | 'normal' | 'critical'>> = {
  min: 'low',
  low: 'low',
  normal: 'normal',
  high: 'critical',
  urgent: 'critical',
};

/** For Linux and the BSDs. https://manpages.debian.org/notify-send */
export function openNotifySend(appearance: DesktopAppearance, tools: ChannelTools): Notifier {
  const sent = new SentMessages(volatileMemory());
  return {
    send: (message, io) =>
      sent.send(message.replace_key, async (earlier) => {
        const id = await notify(appearance, message, earlier, tools, io);
        return id === undefined ? { receipt: { answer: 'shown' } } : { receipt: { id }, id };
      }),
  };
}

/** Resolves to the number of the notification on the desktop. */
async function notify(
  appearance: DesktopAppearance,
  message: Message,
  replaces: string | undefined,
  tools: ChannelTools,
  { signal }: SendIo,
): Promise<string | undefined> {
  const bus = sessionBus(tools.env);
  if (bus === undefined) throw failureOf(NO_BUS);
  const outcome = await runProgram({
    file: 'notify-send',
    args: notifySendArguments(appearance, message, replaces),
    env: { ...basicEnvironment(tools.env, DISPLAY_VARIABLES), DBUS_SESSION_BUS_ADDRESS: bus },
    signal,
    clock: tools.clock,
  });
  if (outcome.kind === 'ended' && outcome.exit === 0) return /^\d+/.exec(outcome.stdout.trim())?.[0];
  throw notifySendFailure(outcome);
}

/** Arguments with `--` before the texts, so that a title may begin with a dash. */
function notifySendArguments(appearance: DesktopAppearance, message: Message, replaces: string | undefined): string[] {
  const title = cutToBytes(plainTitle(message), MAX_TITLE_BYTES);
  return [
    '--print-id',
    `--app-name=${appearance.appName}`,
    `--urgency=${URGENCY[message.priority]}`,
    `--icon=${appearance.icon}`,
    ...(appearance.timeout === undefined ? [] : [`--expire-time=${appearance.timeout}`]),
    ...(appearance.sound === undefined
      ? []
      : [`--hint=string:sound-${appearance.sound.includes('/') ? 'file' : 'name'}:${appearance.sound}`]),
    ...(replaces === undefined ? [] : [`--replace-id=${replaces}`]),
    '--',
    title === '' ? appearance.appName : title,
    literal(cutToBytes(plainBodyWithDetails(message), MAX_BODY_BYTES)),
  ];
}

const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\\': String.raw`\\` };

/** Escapes the body, which the desktop reads as markup, and in which notify-send reads backslash escapes. */
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

/** Errors of notify-send about the bus. */
const ERRORS: readonly (readonly [RegExp, Row])[] = [
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
  const row = ERRORS.find(([pattern]) => pattern.test(outcome.stderr))?.[1] ?? REJECTED;
  return failureOf(row, outcome.stderr);
}

function failureOf({ class: failureClass, code, message, misconfigured }: Row, said = ''): SendFailure {
  return new SendFailure(failureClass, code, message, {
    ...(said.trim() !== '' && { body: said.trim() }),
    ...(misconfigured === true && { misconfigured }),
  });
}
